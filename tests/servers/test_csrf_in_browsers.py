"""cocopot-csrf and a real browser, with pages of two sites: localhost and 127.0.0.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

APPLICATION = """
from html import escape
from cocopot import Cocopot, request
from cocopot_csrf import CSRF

app = Cocopot(__name__, autoload=False, plugins=[CSRF])
changes = []
FORM = '<form method="post" action="{action}"><button>Send</button></form>'

@app.get("/form")
def form():
    target = request.args.get("target", "")
    page = FORM.format(action=target + "/change")
    if "sandbox" in request.args:
        return f'<iframe sandbox="allow-forms" srcdoc="{escape(page)}"></iframe>'
    return page

@app.post("/change")
def change():
    changes.append(request.headers.get("Sec-Fetch-Site"))
    return "changed"

@app.post("/hook", csrf=False)
def hook():
    changes.append("hook")
    return "called"

@app.get("/changes")
def show():
    return changes
"""


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Return the addresses of one application on two sites: its own one, and that of the attacker."""
    (tmp_path / "app.py").write_text(APPLICATION)
    with serving(tmp_path, "run", COCOPOT_PLUGINS="none") as server:
        assert server.get("/changes")[0] == 200
        yield f"http://127.0.0.1:{server.port}", f"http://localhost:{server.port}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def changes(page: Page, site: str) -> list[str]:
    """Return the requests that have changed something."""
    found: list[str] = page.context.request.get(f"{site}/changes").json()
    return found


def fetch(page: Page, url: str) -> None:
    """Let a script of the page send a request whose response it cannot read."""
    page.evaluate("url => fetch(url, {method: 'POST', mode: 'no-cors'}).then(() => null)", url)


def test_own_pages(page: Page, sites: tuple[str, str]) -> None:
    """A form and a script of the application are accepted."""
    own, _ = sites
    page.goto(f"{own}/form")
    page.get_by_role("button").click()
    assert page.get_by_text("changed").is_visible()
    page.goto(f"{own}/form")
    fetch(page, f"{own}/change")
    assert changes(page, own) == ["same-origin", "same-origin"]


def test_a_form_of_another_site(page: Page, sites: tuple[str, str]) -> None:
    """It is refused, with a page that explains it."""
    own, other = sites
    page.goto(f"{other}/form?target={own}")
    with page.expect_navigation() as navigation:
        page.get_by_role("button").click()
    assert navigation.value.status == 403
    assert "a page of another site has sent it" in page.content()
    assert changes(page, own) == []


def test_scripts_of_another_site(page: Page, sites: tuple[str, str]) -> None:
    """They are refused, but for a route that other sites may call."""
    own, other = sites
    page.goto(f"{other}/form")
    fetch(page, f"{own}/change")
    fetch(page, f"{own}/hook")
    assert changes(page, own) == ["hook"]


def test_a_page_without_an_origin(page: Page, sites: tuple[str, str]) -> None:
    """A sandboxed frame, whose origin is `null`, is refused, even in a page of the application."""
    own, _ = sites
    page.goto(f"{own}/form?target={own}&sandbox=1")
    with page.expect_response("**/change") as response:
        page.frame_locator("iframe").get_by_role("button").click()
    assert response.value.status == 403
    assert changes(page, own) == []
