"""The page of the example application, as a person uses it: in a real browser, in two widths."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browsers import start_browser
from tests.cli.processes import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow

APP = Path(__file__).parents[2] / "docs" / "examples" / "notes" / "app.py"
WIDTHS = [1280, 390]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium, without a window."""
    with start_browser() as browser:
        yield browser


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Return the address of the application, which has a database of its own."""
    command = [sys.executable, str(APP)]
    with serving(tmp_path, command=command, COCOPOT_NOTES_DATABASE=str(tmp_path / "db")) as server:
        assert server.get()[0] == 200
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    """Return the page in a window of a desktop or a phone; nothing must go wrong in the browser."""
    problems: list[str] = []
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda failed: problems.append(f"{failed.url}: {failed.failure}"))
    page.goto(url)
    yield page
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
    assert problems == []


def add_many(url: str, number: int) -> None:
    """Add notes through the API."""
    for index in range(1, number + 1):
        data = json.dumps({"title": f"Note {index}"}).encode()
        asked = urllib.request.Request(f"{url}/api/notes", data, {"Content-Type": "application/json"})
        urllib.request.urlopen(asked, timeout=10).close()


def write(page: Page, title: str, text: str, button: str) -> None:
    """Fill in the form of a note, and send it."""
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name=button).click()


def expect(locator: Locator) -> Any:
    """Return Playwright's assertions on a locator, which wait for the page that a click leads to."""
    from playwright.sync_api import expect as expect_locator

    return expect_locator(locator)


def notes(page: Page) -> Locator:
    """Return the notes on the page."""
    return page.locator("article[id^=note-]")


def test_add(page: Page) -> None:
    """A note that was added is shown as it was written; without a title the browser does not send it."""
    expect(page.get_by_text("There are no notes yet.")).to_be_visible()
    write(page, "", "no title", "Add")
    assert page.get_by_label("Title", exact=True).evaluate("field => field.validity.valueMissing")
    write(page, "<b>Fern</b>", "x" * 300 + "\nsecond line", "Add")
    expect(page.get_by_role("status")).to_have_text("The note was added.")
    expect(notes(page).get_by_role("heading")).to_have_text("<b>Fern</b>")
    assert notes(page).locator(".body").inner_text().endswith("\nsecond line")


def test_refused(page: Page) -> None:
    """A form that the server refuses comes back with its text and the reason beside the field."""
    write(page, "   ", "kept", "Add")
    expect(page.get_by_label("Text", exact=True)).to_have_value("kept")
    assert page.get_by_label("Title", exact=True).get_attribute("aria-invalid") == "true"
    expect(page.locator("#title-error")).to_be_visible()


def test_edit(page: Page) -> None:
    """A note is edited in a form of its own; its link to cancel leaves it as it was."""
    write(page, "Fern", "once a week", "Add")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Title", exact=True).fill("Cactus")
    page.get_by_role("link", name="Cancel").click()
    expect(notes(page).get_by_role("heading")).to_have_text("Fern")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("once a week")
    write(page, "Cactus", "once a month", "Save")
    expect(page.get_by_role("status")).to_have_text("The note was changed.")
    assert "once a month" in notes(page).inner_text()


def test_delete(page: Page) -> None:
    """A note is deleted after a question only, which can be answered with no."""
    write(page, "Fern", "", "Add")
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete this note?")).to_be_visible()
    page.get_by_role("link", name="Keep it").click()
    expect(notes(page)).to_have_count(1)
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_have_text("The note was deleted.")
    expect(notes(page)).to_have_count(0)


def test_older_notes(page: Page, url: str) -> None:
    """More than fifty notes are on several pages; who deletes one on the second page comes back to it."""
    add_many(url, 52)
    page.reload()
    assert (notes(page).count(), notes(page).first.get_by_role("heading").inner_text()) == (50, "Note 52")
    page.get_by_role("link", name="Older").click()
    expect(notes(page).get_by_role("heading")).to_have_text(["Note 2", "Note 1"])
    notes(page).last.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(notes(page).get_by_role("heading")).to_have_text(["Note 2"])
    page.get_by_role("link", name="Newer").click()
    expect(notes(page)).to_have_count(50)


def test_search(page: Page, url: str) -> None:
    """A search shows the notes that have the text, says so, and can be cleared."""
    add_many(url, 3)
    page.get_by_role("searchbox").fill("ote 2")
    page.get_by_role("searchbox").press("Enter")
    assert page.locator(".summary").inner_text().startswith("1 note with “ote 2”")
    expect(notes(page)).to_have_count(1)
    page.get_by_role("link", name="Show all notes").click()
    assert (notes(page).count(), page.get_by_role("searchbox").input_value()) == (3, "")
    page.get_by_role("searchbox").fill("nowhere")
    page.get_by_role("button", name="Search").click()
    assert "There is no note with “nowhere”." in page.locator(".summary").inner_text()


def test_not_found(page: Page, url: str) -> None:
    """A page that does not exist is shown like the others, with a way back."""
    page.goto(f"{url}/notes/99/edit")
    assert "does not exist" in page.locator("main").inner_text()
    page.get_by_role("link", name="All notes").click()
    expect(page.get_by_role("heading", name="Add a note")).to_be_visible()
