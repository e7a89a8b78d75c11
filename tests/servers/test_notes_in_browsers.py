"""The notes example, as a person uses it: in a real browser, in two widths, light and dark."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import serving
from tests.servers.notes_pages import (
    APP,
    CONTRAST,
    PASSWORD,
    WINDOWS,
    add_many,
    expect,
    notes,
    opened,
    sign_in,
    variables,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Return the address of the application, which has a database of its own."""
    with serving(tmp_path, command=[sys.executable, str(APP)], **variables(tmp_path)) as server:
        assert server.get()[0] == 200
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(params=WINDOWS, ids=lambda window: str(window[0]))
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    """Return the page in a window of a desktop or a phone."""
    with opened(browser, url, *request.param) as page:
        yield page


def test_life_of_a_note(page: Page, tmp_path: Path) -> None:
    """A user signs in, writes, edits and deletes a note; each step is confirmed by a message, shown once."""
    width = page.evaluate("window.innerWidth")

    def take(name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)

    expect(page.get_by_text("There are no notes yet.")).to_be_visible()
    take("empty")
    sign_in(page)
    expect(page.get_by_role("status")).to_have_text("Welcome, demo.")
    write(page, "<b>Fern</b>", "x" * 300 + "\nonce a week")
    expect(page.get_by_role("status")).to_have_text("The note was added.")
    expect(notes(page).get_by_role("heading")).to_have_text("<b>Fern</b>")
    assert notes(page).locator(".body").inner_text().endswith("\nonce a week")
    take("board")
    page.reload()
    expect(page.get_by_role("status")).to_have_count(0)
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("<b>Fern</b>")
    take("form")
    write(page, "Cactus", "once a month", "Save")
    expect(page.get_by_role("status")).to_have_text("The note was changed.")
    expect(page.get_by_role("heading", name="Cactus")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    take("question")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_have_text("The note was deleted.")
    expect(notes(page)).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    assert {path.stem.partition("-")[0] for path in tmp_path.glob("*.png")} == {
        *("empty", "board", "form", "question"),
    }


def test_sign_in(page: Page, url: str) -> None:
    """A wrong password is refused, and its field has the focus; the sign-in leads to the wanted page."""
    page.goto(f"{url}/notes/new")
    expect(page.get_by_role("status")).to_have_text("Please sign in first.")
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill("moss and fern")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New note")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_be_focused()


def test_cookie(page: Page) -> None:
    """The cookie of the session is hidden from scripts, and from forms of other sites."""
    sign_in(page)
    expect(page.get_by_role("status")).to_have_text("Welcome, demo.")
    [cookie] = page.context.cookies()
    assert (cookie["name"], cookie["domain"], cookie["path"]) == ("session", "127.0.0.1", "/")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
    assert page.evaluate("document.cookie") == ""


def test_secure_cookie(browser: Browser, tmp_path: Path) -> None:
    """Any other server than that of `app.py` gets a secure cookie, which no other host can set or read."""
    application = ("--app", "noteboard:create_app", "run")
    with serving(tmp_path, *application, **variables(tmp_path), PYTHONPATH=str(APP.parent)) as server:
        assert server.get()[0] == 200
        page = browser.new_page()
        page.goto(f"http://localhost:{server.port}/")
        sign_in(page)
        expect(page.get_by_role("status")).to_have_text("Welcome, demo.")
        [cookie] = page.context.cookies()
        page.close()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-session", True, True)
    assert (cookie["sameSite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "localhost")


def test_another_site(page: Page, url: str) -> None:
    """A form that a page of another site sends is refused and explained; nothing is written."""
    sign_in(page)
    attack = f"{url.replace('127.0.0.1', 'localhost')}/attack"
    form = f'<form method="post" action="{url}/notes"><input name="title" value="forged"><button>Win</button>'
    other = page.context.new_page()
    other.route(attack, lambda route: route.fulfill(body=form, content_type="text/html"))
    other.goto(attack)
    with other.expect_navigation() as navigation:
        other.get_by_role("button").click()
    assert navigation.value.status == 403
    expect(other.locator("main")).to_contain_text("a page of another site has sent it")
    page.goto(url)
    expect(page.get_by_text("There are no notes yet.")).to_be_visible()


def test_refused(page: Page) -> None:
    """A form that the server refuses comes back with its text and the reason beside the field."""
    sign_in(page)
    write(page, "", "no title")
    assert page.get_by_label("Title", exact=True).evaluate("field => field.validity.valueMissing")
    page.get_by_label("Title", exact=True).fill("   ")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("no title")
    expect(page.locator("#title-error")).to_be_visible()
    assert page.get_by_label("Title", exact=True).get_attribute("aria-invalid") == "true"


def test_changed_mind(page: Page) -> None:
    """Cancelling an edit, or keeping a note, leaves it as it was."""
    sign_in(page)
    write(page, "Fern", "once a week")
    for link, cancel in [("Edit", "Cancel"), ("Delete", "Keep it")]:
        notes(page).or_(page.locator("main")).get_by_role("link", name=link).first.click()
        page.get_by_role("link", name=cancel).click()
        expect(page.get_by_role("heading", name="Fern")).to_be_visible()
        expect(page.get_by_text("once a week")).to_be_visible()


def test_older_notes(page: Page) -> None:
    """More than 24 notes are on several pages; who deletes one on the second page comes back to it."""
    sign_in(page)
    add_many(page, 26)
    expect(notes(page)).to_have_count(24)
    assert notes(page).first.get_by_role("heading").inner_text() == "Note 26"
    page.get_by_role("link", name="Older").click()
    expect(notes(page).get_by_role("heading")).to_have_text(["Note 2", "Note 1"])
    notes(page).last.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(notes(page).get_by_role("heading")).to_have_text(["Note 2"])
    page.get_by_role("link", name="Newer").click()
    expect(notes(page)).to_have_count(24)


def test_search(page: Page) -> None:
    """A search, which a key leads to, shows the notes that have the text, and can be cleared."""
    sign_in(page)
    add_many(page, 3)
    page.keyboard.press("/")
    page.keyboard.type("ote 2")
    page.keyboard.press("Enter")
    expect(page.locator(".summary")).to_contain_text("1 note with “ote 2”")
    expect(notes(page)).to_have_count(1)
    page.get_by_role("link", name="Show all notes").click()
    expect(notes(page)).to_have_count(3)
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.get_by_role("searchbox").fill("nowhere")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="There is no note with “nowhere”.")).to_be_visible()


def test_keyboard(page: Page) -> None:
    """The first key leads past the navigation, a note is opened and written with keys alone."""
    sign_in(page)
    expect(page.get_by_role("status")).to_have_text("Welcome, demo.")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    write(page, "Fern", "once a week")
    notes(page).get_by_role("link", name="Edit").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Text", exact=True).fill("twice a week")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("twice a week")).to_be_visible()


def test_not_found(page: Page, url: str) -> None:
    """A page that does not exist is shown like the others, with a way back."""
    page.goto(f"{url}/notes/99")
    expect(page.locator("main")).to_contain_text("does not exist")
    page.get_by_role("link", name="All notes").click()
    expect(page.get_by_role("heading", name="Notes", exact=True)).to_be_visible()


def test_contrast_and_labels(page: Page, url: str) -> None:
    """Text has a contrast of at least 4.5, every field has a label, and every page one main heading."""
    sign_in(page)
    add_many(page, 5)
    for path in ("/", "/?q=x", "/notes/1", "/notes/1/edit", "/notes/1/delete", "/account", "/about", "/no"):
        page.goto(url + path)
        assert page.evaluate(CONTRAST) == []
        assert page.locator("h1").count() == 1
        fields = page.locator("input, textarea")
        assert all(
            fields.nth(index).evaluate("field => field.labels.length") for index in range(fields.count())
        )
