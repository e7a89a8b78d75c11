"""The plugins of the notes example, notes-tags and notes-audit, in a real browser."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import serving
from tests.servers.notes_pages import (
    APP,
    CONTRAST,
    WINDOWS,
    add_many,
    expect,
    fits,
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

EXAMPLES = APP.parents[1]
#: The number of lines that the text of an element takes.
LINES = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return new Set([...range.getClientRects()].map(line => line.top)).size;
}"""
OTHER_SCHEME = {"light": "dark", "dark": "light"}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Return the address of the application, which finds both plugins as if they were installed."""
    folders = [tmp_path / "site", *(EXAMPLES / name for name in ("notes", "notes-tags", "notes-audit"))]
    for name in ("tags", "audit"):
        info = folders[0] / f"notes_{name}-1.0.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: notes-{name}\nVersion: 1.0.0\n")
        entry_point = f"[cocopot.plugins]\n{name} = notes_{name}:{name.title()}\n"
        (info / "entry_points.txt").write_text(entry_point)
    path = os.pathsep.join(map(str, folders))
    command = [sys.executable, str(APP)]
    with serving(tmp_path, command=command, PYTHONPATH=path, **variables(tmp_path)) as server:
        assert server.get()[0] == 200
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(
    params=[*WINDOWS, *((width, OTHER_SCHEME[scheme]) for width, scheme in WINDOWS)],
    ids=lambda window: f"{window[0]}-{window[1]}",
)
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    """Return the page of a user who is signed in."""
    with opened(browser, url, *request.param) as page:
        sign_in(page)
        expect(page.get_by_role("status")).to_have_text("Welcome, demo.")
        yield page


def set_tags(page: Page, text: str) -> None:
    """Fill in the form of the tags with the keyboard, and send it."""
    page.get_by_role("textbox", name="Tags").fill(text)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Set tags")).to_be_focused()
    page.keyboard.press("Enter")


def test_tags(page: Page, url: str) -> None:
    """A user sets the tags of a note; a form that is refused comes back with its text and the reason."""
    write(page, "Fern", "once a week")
    page.goto(f"{url}/notes/1")
    set_tags(page, f"garden, two words, {'x' * 40}")
    expect(page.get_by_role("status")).to_have_text("The tags were changed.")
    tags = page.get_by_role("list", name="Tags").get_by_role("listitem")
    expect(tags).to_have_text(["garden", "two words", "x" * 40])
    set_tags(page, "y" * 41)
    field = page.get_by_role("textbox", name="Tags")
    expect(field).to_have_value("y" * 41)
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("A note has at most 10 tags of 40 characters.")
    expect(tags).to_have_count(3)
    assert page.evaluate(CONTRAST) == []
    assert fits(page)


def test_audit(page: Page, url: str) -> None:
    """The navigation leads to the trail, whose pages have links; no word of it is broken."""
    add_many(page, 22)
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Audit").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(20)
    expect(rows.first).to_contain_text("Note 22")
    for name in ("User", "Action"):
        assert page.get_by_role("columnheader", name=name).evaluate(LINES) == 1
    assert page.evaluate(CONTRAST) == []
    assert fits(page)
    page.get_by_role("link", name="Older").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(2)
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    assert page.locator(".pagination ul").evaluate("list => getComputedStyle(list).listStyleType") == "none"


@pytest.mark.parametrize("page", WINDOWS[1:], indirect=True, ids=lambda window: str(window[0]))
def test_long_title_of_a_phone(page: Page, url: str) -> None:
    """A title without spaces is broken in the trail, so that the table is as wide as the window."""
    write(page, "x" * 200, "")
    page.goto(f"{url}/audit")
    expect(page.get_by_role("cell", name="x" * 200)).to_be_visible()
    assert fits(page)
