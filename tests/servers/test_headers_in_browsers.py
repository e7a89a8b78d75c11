"""cocopot-headers and a real browser: which scripts run, and which violations it reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.cli.processes import Server

pytestmark = pytest.mark.slow

APPLICATION = """
from cocopot import Cocopot, Response, hookimpl, request, stream_with_context
from cocopot_csrf import CSRF
from cocopot_headers import SecurityHeaders

class Pictures:
    @hookimpl
    def headers_csp(self, policy):
        policy.add("img-src", "data:")

app = Cocopot(__name__, autoload=False, plugins=[SecurityHeaders, CSRF, Pictures])
app.config["HEADERS_CSP_REPORT"] = "/reports"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
PAGE = '''<!doctype html><title>none</title><link rel="icon" href="data:,"><body>
<style nonce="{nonce}">p {{ color: rgb(1, 2, 3) }}</style><p>text</p><img src="{pixel}">
<script nonce="{nonce}">document.title = "inline";
const more = document.createElement("script"); more.src = "/more.js"; document.body.append(more)</script>'''

@app.get("/plain")
def plain():
    return '<!doctype html><title>none</title><link rel="icon" href="data:,"><script src="/own.js"></script>'

@app.get("/own.js")
def own():
    return Response('document.title += " own"', mimetype="text/javascript")

@app.get("/more.js")
def more():
    return Response('document.title += " more"', mimetype="text/javascript")

@app.get("/nonce")
def nonce():
    return PAGE.format(nonce=request.csp_nonce, pixel=PIXEL)

@app.get("/stream")
def stream():
    def parts():
        yield PAGE.format(nonce=request.csp_nonce, pixel=PIXEL)
        yield '<script src="/own.js"></script>'
    return stream_with_context(parts())

@app.get("/attack")
def attack():
    return PAGE.format(nonce=request.csp_nonce and "guess", pixel="https://other.example/x.gif")

@app.get("/frames")
def frames():
    return '<!doctype html><iframe src="/plain"></iframe>'
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "app.py").write_text(APPLICATION)
    with serving(tmp_path, "run", COCOPOT_PLUGINS="none") as server:
        assert server.get("/plain")[0] == 200
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def open_page(page: Page, server: Server, path: str) -> list[str]:
    """Open a page, and return the violations that the browser has written to its console."""
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    page.goto(f"http://127.0.0.1:{server.port}{path}", wait_until="networkidle")
    return [line for line in lines if "Content Security Policy" in line]


@pytest.mark.parametrize(
    ("path", "title"),
    [("/plain", "none own"), ("/nonce", "inline more"), ("/stream", {"inline own more", "inline more own"})],
)
def test_pages_without_violations(page: Page, server: Server, path: str, title: str | set[str]) -> None:
    """Own scripts run, and with the nonce inline ones, what they load, and styles."""
    assert open_page(page, server, path) == []
    assert page.title() in ({title} if isinstance(title, str) else title)
    if path != "/plain":
        assert page.locator("p").evaluate("element => getComputedStyle(element).color") == "rgb(1, 2, 3)"


def test_an_attack(page: Page, server: Server) -> None:
    """What does not have the nonce is not run, and reported to the endpoint, which logs it."""
    violations = open_page(page, server, "/attack")
    assert page.title() == "none"
    assert len(violations) == 3  # script, style and picture
    server.wait_for(lambda: server.log.count("headers: violation of ") == 3)
    assert f"in 'http://127.0.0.1:{server.port}/attack'" in server.log


def test_a_frame(page: Page, server: Server) -> None:
    """A page is not shown in a frame."""
    page.goto(f"http://127.0.0.1:{server.port}/frames", wait_until="networkidle")
    assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"]
