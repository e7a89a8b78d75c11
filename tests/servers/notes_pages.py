"""What the tests of the notes example do in a real browser."""

from __future__ import annotations

import json
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

APP = Path(__file__).parents[2] / "docs" / "examples" / "notes" / "app.py"
PASSWORD = "fern and moss"
#: The width of the window in pixels, and the colours that the person prefers.
WINDOWS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (390, "dark")]


def variables(folder: Path) -> dict[str, str]:
    """Return the configuration of the application."""
    return {
        "COCOPOT_NOTES_DATABASE": str(folder / "notes.sqlite"),
        "COCOPOT_NOTES_PASSWORD": PASSWORD,
    }


@contextmanager
def opened(browser: Browser, url: str, width: int, scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """Open a page in a window of a width, for a `with` block; nothing must go wrong in the browser."""
    problems: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda failed: problems.extend(problem_of_request(failed)))
    page.on("console", lambda message: problems.extend(problem_of(message)))
    page.goto(url)
    yield page
    page.wait_for_load_state()
    assert fits(page)
    context.close()
    assert problems == []


def fits(page: Page) -> bool:
    """Return whether the page is not wider than the window."""
    is_narrow: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return is_narrow


def problem_of(message: ConsoleMessage) -> list[str]:
    """Return what the browser complains about, such as a violation of the policy; a status is not one."""
    is_status = message.text.startswith("Failed to load resource: the server responded with a status of 4")
    return [] if is_status or message.type not in {"error", "warning"} else [message.text]


def problem_of_request(failed: Request) -> list[str]:
    """Return why a request has failed, unless a click has led away before its end."""
    return [] if failed.failure == "net::ERR_ABORTED" else [f"{failed.url}: {failed.failure}"]


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form of the sign-in, and send it."""
    page.goto(page.url.partition("/sign-in")[0].rstrip("/") + "/sign-in")
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def write(page: Page, title: str, text: str, button: str = "Add") -> None:
    """Fill in the form of a note, and send it."""
    if button == "Add":
        page.get_by_role("link", name="New note").or_(
            page.get_by_role("link", name="Write the first")
        ).click()
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


def add_many(page: Page, number: int) -> None:
    """Add notes through the API, with a token that the page of the account has created."""
    site = page.evaluate("location.origin")
    page.goto(f"{site}/account")
    page.get_by_role("button", name="token").click()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {page.locator('#token').inner_text()}",
    }
    for index in range(1, number + 1):
        data = json.dumps({"title": f"Note {index}"}).encode()
        asked = urllib.request.Request(f"{site}/api/notes", data, headers)
        urllib.request.urlopen(asked, timeout=10).close()
    page.goto(site)


# WCAG 2.2, 1.4.3: the relative luminance of text and of what is behind it.
CONTRAST = """() => {
    const context = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
        .getContext("2d", {willReadFrequently: true});
    const channels = colour => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => {
        for (; element; element = element.parentElement) {
            const colour = channels(getComputedStyle(element).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255];
    };
    const low = [];
    for (const element of document.querySelectorAll("body *")) {
        const hasText = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!hasText || !element.checkVisibility()) continue;
        const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) low.push(`${element.tagName} ${element.textContent.trim()}: ${ratio.toFixed(2)}`);
    }
    return low;
}"""
