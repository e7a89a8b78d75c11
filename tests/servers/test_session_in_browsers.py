"""The cookie of cocopot-session in a real browser."""

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
from cocopot import Cocopot, flash, get_flashed_messages, redirect, session
from cocopot_session import Sessions

app = Cocopot(__name__, autoload=False, plugins=[Sessions])
app.secret_key = "a key for tests only, of 32 bytes or more"

@app.get("/")
def show():
    messages = " ".join(get_flashed_messages())
    form = '<form method="post"><button>Sign in</button></form>'
    return f'<p>{session.get("user", "nobody")}: {messages}</p>{form}'

@app.post("/")
def sign_in():
    session["user"] = "ada"
    session.permanent = True
    flash("Welcome.")
    return redirect("/")

@app.get("/out")
def sign_out():
    session.destroy()
    return redirect("/")
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("option", "name", "is_secure"), [("--debug", "session", False), ("--no-debug", "__Host-session", True)]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_user_signs_in_and_out(
    page: Page, tmp_path: Path, option: str, name: str, is_secure: bool, host: str
) -> None:
    """The browser keeps the cookie with its attributes, shows the flash message once, and deletes it."""
    (tmp_path / "app.py").write_text(APPLICATION)
    with serving(tmp_path, "run", option, COCOPOT_PLUGINS="none") as server:
        assert server.get("/")[0] == 200
        page.goto(f"http://{host}:{server.port}/")
        page.get_by_role("button").click()
        assert page.get_by_text("ada: Welcome.").is_visible()
        (cookie,) = page.context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == (name, is_secure, True)
        assert (cookie["sameSite"], cookie["path"], cookie["domain"]) == ("Lax", "/", host)
        assert cookie["expires"] > 0
        assert page.evaluate("document.cookie") == ""
        page.reload()
        assert page.get_by_text("ada: Welcome.").count() == 0
        assert page.get_by_text("ada:").is_visible()
        page.goto(f"http://{host}:{server.port}/out")
        assert page.get_by_text("nobody:").is_visible()
        assert page.context.cookies() == []
