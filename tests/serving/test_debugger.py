"""Who sees the tracebacks of the debugger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from cocopot import Cocopot
from cocopot.serving.debugger import Debugger

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("debugged", autoload=False)
    app.debug = True
    app.add_url_rule("/", view_func=lambda: str(1 // 0))
    app.add_url_rule("/text", view_func=lambda: "text", endpoint="text")
    return app


def answer(debugger: Debugger, host: str | None, path: str = "/") -> tuple[str, str]:
    """Return the status and the body for a request with a `Host` header, or without one."""
    environ = {**create_environ(path), "HTTP_HOST": host or ""}
    if host is None:
        del environ["HTTP_HOST"]
    result: tuple[object, str, Headers] = run_wsgi_app(debugger, environ, buffered=True)
    return result[1], b"".join(result[0]).decode()  # type: ignore[arg-type]  # an iterable of bytes


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "localhost:5000",
            "shop.localhost",
            "127.0.0.1:5000",
            "127.0.0.2",
            "[::1]:5000",
            "[::1]",
        ),
        *("LOCALHOST", "my.machine:5000"),
    ],
)
def test_hosts_of_this_machine(app: Cocopot, host: str) -> None:
    """Under the names of this machine, and the one that the server listens on, the traceback is shown."""
    name = "my.machine" if host.startswith("my.") else "127.0.0.1"
    status, body = answer(Debugger(app, name, evalex=True), host)
    assert (status[:3], "ZeroDivisionError" in body, "EVALEX = true" in body) == ("500", True, True)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example:5000", "evil.example:5000", None, "localhost.evil.example"],
)
def test_foreign_hosts(app: Cocopot, host: str | None) -> None:
    """Under a foreign host the exception is the server's, which has no page for it."""
    debugger = Debugger(app, "127.0.0.1", evalex=True)
    with pytest.raises(ZeroDivisionError):
        answer(debugger, host)
    assert debugger.frames == {}


@pytest.mark.parametrize("host", ["", "[", "a b", "localhost@evil.example"])
def test_invalid_hosts(app: Cocopot, host: str) -> None:
    """An invalid host is refused before the view is called."""
    assert answer(Debugger(app, "127.0.0.1", evalex=True), host)[0] == "400 BAD REQUEST"


def test_foreign_hosts_without_an_exception(app: Cocopot) -> None:
    """Under a foreign host everything else works, but for the debugger's own files and its console."""
    debugger = Debugger(app, "127.0.0.1", evalex=True)
    assert answer(debugger, "evil.example", "/text") == ("200 OK", "text")
    assert answer(debugger, "evil.example", "/text?__debugger__=yes&cmd=resource&f=style.css")[1] == "text"
    assert answer(debugger, "evil.example", "/console")[0] == "404 NOT FOUND"


def test_a_server_for_other_machines(app: Cocopot) -> None:
    """Where the debugger was enabled by name for other machines, they see tracebacks, but run no code."""
    status, body = answer(Debugger(app, "0.0.0.0", evalex=True), "192.0.2.7:5000")
    assert (status[:3], "ZeroDivisionError" in body, "EVALEX = false" in body) == ("500", True, True)
