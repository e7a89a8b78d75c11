from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.local import LocalProxy

from cocopot import Cocopot, Request, current_app, g, request
from tests.processes import clean_environ

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def app() -> Cocopot:
    return Cocopot("tests_of_proxies", autoload=False)


class OddRequest(Request):
    """A request with properties that raise."""

    asked = 0

    @property
    def broken(self) -> str:
        type(self).asked += 1
        raise AttributeError("from the property")

    @property
    def missing(self) -> str:
        raise KeyError("from the property")


class TestProxies:
    @pytest.mark.parametrize(
        ("use", "what"),
        [
            (lambda: request.path, "a request context"),
            (lambda: g.x, "the application context"),
            (lambda: setattr(g, "x", 1), "the application context"),
            (lambda: delattr(g, "x"), "the application context"),
            (lambda: "x" in g, "the application context"),
            (lambda: current_app.name, "the application context"),
            (current_app._get_current_object, "the application context"),  # type: ignore[attr-defined]
        ],
    )
    def test_outside(self, use: Callable[[], Any], what: str) -> None:
        """Outside of a context the error states which one is missing and what to do."""
        with pytest.raises(RuntimeError, match=rf"Working outside of {what}.*`with app\.\w+\(\):`"):
            use()

    def test_request_in_app_context(self, app: Cocopot) -> None:
        """In an application context there is no request, and no attribute of it is taken from elsewhere."""
        with app.app_context():
            with pytest.raises(RuntimeError, match="outside of a request context"):
                str(request.path)
            assert request.__class__.__name__ != "NoneType"
            assert bool(request) is False
            assert repr(request) == "<_RequestProxy unbound>"

    def test_unbound(self) -> None:
        """Outside of a context the proxies are false, can be shown, and have a type."""
        proxy: Any
        for proxy in (request, g, current_app):
            assert bool(proxy) is False
            assert "unbound" in repr(proxy)
            assert isinstance(proxy, LocalProxy)

    def test_bound(self, app: Cocopot) -> None:
        """Inside one they look like what they represent: its class, truth, text, hash and equality."""
        with app.test_request_context("/x") as context:
            assert isinstance(request, Request)
            assert request.__class__ is Request
            assert repr(request) == repr(context.request)
            assert isinstance(current_app, Cocopot)
            assert current_app == app
            assert hash(current_app) == hash(app)
            assert bool(g)

    def test_current_object(self, app: Cocopot) -> None:
        """The object itself can be had, to hand it to another thread."""
        with app.test_request_context() as context:
            assert request._get_current_object() is context.request  # type: ignore[attr-defined]
            assert current_app._get_current_object() is app  # type: ignore[attr-defined]
            assert g._get_current_object() is context.g

    def test_attributes(self, app: Cocopot) -> None:
        """Attributes are set on the object and deleted from it."""
        with app.test_request_context() as context:
            request.user = "eva"  # type: ignore[attr-defined]
            assert vars(context.request)["user"] == "eva"
            del request.user  # type: ignore[attr-defined]
            assert not hasattr(context.request, "user")
            current_app.debug = True
        assert app.debug

    def test_call(self, app: Cocopot) -> None:
        """A proxy of something that can be called can be called."""
        app.add_url_rule("/", "home", lambda: "called")
        with app.test_request_context() as context:
            started: list[str] = []
            environ = context.request.environ  # type: ignore[union-attr]
            body = current_app(environ, lambda status, headers, exc=None: started.append(status))  # type: ignore[arg-type]
            assert (b"".join(body), started) == (b"called", ["200 OK"])

    def test_own_attribute_error(self, app: Cocopot) -> None:
        """An AttributeError of a property passes through as it is, and the property runs once."""
        app.request_class = OddRequest
        OddRequest.asked = 0
        with app.test_request_context():
            with pytest.raises(AttributeError, match=r"^from the property$"):
                str(request.broken)  # type: ignore[attr-defined]
            assert OddRequest.asked == 1
            assert getattr(request, "broken", "default") == "default"
            with pytest.raises(AttributeError, match="no attribute 'nothing'"):
                str(request.nothing)  # type: ignore[attr-defined]
        with pytest.raises(RuntimeError, match="outside"):
            str(request.broken)  # type: ignore[attr-defined]

    def test_own_key_error(self, app: Cocopot) -> None:
        """A LookupError of a property is not taken for a missing context."""
        app.request_class = OddRequest
        with app.test_request_context(), pytest.raises(KeyError, match="from the property"):
            str(request.missing)  # type: ignore[attr-defined]

    def test_app_attribute_error(self, app: Cocopot) -> None:
        """What the application does not have is reported about the application."""
        with (
            app.app_context(),
            pytest.raises(AttributeError, match="'Cocopot' object has no attribute"),
        ):
            str(current_app.nothing)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "proxy"),
    [
        ("context.app = current_app", "current_app"),
        ("context.request = request", "request"),
        ("context.g = g", "g"),
    ],
)
def test_a_proxy_of_itself(change: str, proxy: str) -> None:
    """A context that was made with a proxy leads nowhere: an error, not the end of the process."""
    code = f"""
from cocopot import Cocopot, current_app, g, request
from cocopot.context import CURRENT

with Cocopot("app", autoload=False, static_folder=None).test_request_context():
    context = CURRENT.get()
    before = context.app, context.request, vars(context).copy()
    {change}
    for use in (
        lambda: {proxy}.attribute,
        lambda: setattr({proxy}, "attribute", 1),
        lambda: delattr({proxy}, "attribute"),
        lambda: "x" in {proxy},
    ):
        try:
            use()
        except RecursionError:
            print("recursion", end=" ")
    context.app, context.request = before[:2]
    vars(context).update(before[2])
"""
    command = [sys.executable, "-c", code]
    process = subprocess.run(
        command, env=clean_environ(), check=False, capture_output=True, text=True, timeout=60
    )
    assert (process.returncode, process.stdout.strip()) == (0, " ".join(["recursion"] * 4)), process.stderr
