from __future__ import annotations

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import (
    Cocopot,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
)
from cocopot.context import Context, current, current_or_none

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("tests_of_context", autoload=False)
    app.testing = True
    return app


@pytest.fixture
def ends(app: Cocopot) -> list[str]:
    """Return a list in which each teardown is noted, but for that of the application's start."""
    seen: list[str] = []
    app.teardown_request(lambda exc: seen.append(f"request {exc!r}"))
    app.teardown_appcontext(lambda exc: None if app._lifespan._thread else seen.append(f"app {exc!r}"))
    return seen


def in_thread(function: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


class TestLifeTime:
    def test_app_context(self, app: Cocopot, ends: list[str]) -> None:
        """Inside an application context there is an application and `g`, but no request."""
        with app.app_context() as context:
            assert current_app.name == app.name
            assert (has_app_context(), has_request_context()) == (True, False)
            assert current() is context
            assert ends == []
        assert (has_app_context(), current_or_none()) == (False, None)
        assert ends == ["app None"]

    def test_request_context(self, app: Cocopot, ends: list[str]) -> None:
        """Inside a request context there is a request too; at the end the request's teardown comes first."""
        with app.test_request_context("/x?y=1", method="POST"):
            assert (request.path, request.args["y"], request.method) == ("/x", "1", "POST")
            assert (has_app_context(), has_request_context()) == (True, True)
        assert ends == ["request None", "app None"]

    def test_environ(self, app: Cocopot) -> None:
        """A request context can be created from a WSGI environment, and has its URL matched."""
        app.add_url_rule("/<int:n>", "view", lambda n: "")
        with app.test_request_context("/3") as outer, app.request_context(outer.request.environ):  # type: ignore[union-attr]
            assert (request.endpoint, request.view_args) == ("view", {"n": 3})

    def test_exception(self, app: Cocopot, ends: list[str]) -> None:
        """The teardown functions get the exception that ended the block."""
        with pytest.raises(ZeroDivisionError), app.test_request_context():
            str(1 / 0)
        assert [end.partition("(")[0] for end in ends] == [
            "request ZeroDivisionError",
            "app ZeroDivisionError",
        ]

    def test_every_teardown_runs(self, app: Cocopot, ends: list[str]) -> None:
        """A teardown function that raises stops no other; what they raised comes out together."""

        @app.teardown_request
        def fail(exc: BaseException | None) -> None:
            raise ValueError("in teardown")

        context = app.test_request_context()
        context.push()
        with pytest.raises(ExceptionGroup) as caught:
            context.pop()
        assert [str(exc) for exc in caught.value.exceptions] == ["in teardown"]
        assert ends == ["request None", "app None"]
        assert not has_app_context()

    def test_again(self, app: Cocopot, ends: list[str]) -> None:
        """A context can be entered again after its end, and a second time inside itself."""
        context = app.app_context()
        for _ in range(2):
            with context, context:
                assert current() is context
            assert not has_app_context()
        assert ends == ["app None"] * 2

    def test_out_of_order(self, app: Cocopot, ends: list[str]) -> None:
        """A context can only be popped while it is the current one, and only as often as it was pushed."""
        outer, inner = app.app_context(), app.test_request_context()
        outer.push()
        inner.push()
        with pytest.raises(RuntimeError, match="it is not the current context"):
            outer.pop()
        assert ends == []
        inner.pop()
        outer.pop()
        with pytest.raises(RuntimeError, match="it is not the current context"):
            outer.pop()
        assert ends == ["request None", "app None", "app None"]

    def test_last_holder(self, app: Cocopot, ends: list[str]) -> None:
        """The teardown waits for the last one who holds the context, and keeps the first exception."""
        context = app.app_context()
        context.push()
        context.hold()
        context.pop(ValueError("x"))
        assert ends == []
        context.release()
        assert ends == ["app ValueError('x')"]

    def test_teardown_sees_the_context(self, app: Cocopot) -> None:
        """Teardown functions run while the context is still the current one."""
        seen: list[Any] = []
        app.teardown_request(lambda exc: seen.append((request.path, g.value)))
        app.teardown_appcontext(lambda exc: seen.append(current_app.name))
        with app.test_request_context("/here"):
            g.value = 1
        assert seen == [("/here", 1), app.name]

    def test_uploads_are_closed(self, app: Cocopot) -> None:
        """Files that a request has read are closed at its end."""
        with app.test_request_context("/", data={"f": (__file__, "name.txt")}, method="POST"):
            upload = request.files["f"].stream
            assert not upload.closed
        assert upload.closed

    def test_repr(self, app: Cocopot) -> None:
        """A context states what it belongs to."""
        assert repr(app.app_context()) == "<Context application of 'tests_of_context'>"
        assert repr(app.test_request_context("/x")) == "<Context GET /x of 'tests_of_context'>"


class TestNested:
    def test_same_app(self, app: Cocopot, ends: list[str]) -> None:
        """Every context has its own `g` and its own teardown, also inside another of its application."""
        with app.app_context():
            g.value = 1
            with app.test_request_context():
                assert "value" not in g
                g.value = 2
            assert ends == ["request None", "app None"]
            with app.app_context():
                assert "value" not in g
            assert ends == ["request None", "app None", "app None"]
            assert g.value == 1
        assert ends == ["request None", *["app None"] * 3]

    def test_request_context_inside_another(self, app: Cocopot, ends: list[str]) -> None:
        """A request context inside another has its own `g`, request and teardown."""
        with app.test_request_context("/outer"):
            g.value = 1
            with app.test_request_context("/inner"):
                assert (request.path, "value" in g) == ("/inner", False)
            assert ends == ["request None", "app None"]
            assert (request.path, g.value) == ("/outer", 1)
        assert ends == ["request None", "app None"] * 2

    def test_app_context_inside_a_request(self, app: Cocopot, ends: list[str]) -> None:
        """An application context inside a request sees the request, and does not end it."""
        with app.test_request_context("/outer"):
            with app.app_context() as inner:
                assert request.path == "/outer"
                assert app.url_for("static", filename="x") == "/static/x"
            assert ends == ["app None"]
            assert inner.request is None
        assert ends == ["app None", "request None", "app None"]

    def test_other_app(self, app: Cocopot, ends: list[str]) -> None:
        """A context of another application has its own `g`, and hides the outer one while it lasts."""
        other = Cocopot("other", autoload=False)
        with app.test_request_context("/outer"):
            g.value = 1
            with other.app_context():
                assert current_app.name == "other"
                assert "value" not in g
                assert not has_request_context()
            assert (current_app.name, g.value, request.path) == (app.name, 1, "/outer")
        assert ends == ["request None", "app None"]

    @pytest.mark.parametrize("result", ["text", "response"])
    def test_requests_inside(self, app: Cocopot, ends: list[str], result: str) -> None:
        """Requests inside a context of their application have a `g` and a teardown of their own."""

        @app.get("/<n>")
        def view(n: str) -> Any:
            text = f"{'outside' in g} {g.setdefault('n', n)}"
            return text if result == "text" else app.response_class(text)

        with app.app_context():
            g.outside = True
            assert [app.test_client().get(f"/{n}").text for n in "12"] == ["False 1", "False 2"]
            assert ends == ["request None", "app None"] * 2
            assert list(g) == ["outside"]

    def test_request_inside_a_request(self, app: Cocopot, ends: list[str]) -> None:
        """A request that a view sends to its own application shares nothing with the view."""
        app.add_url_rule("/in", "in", lambda: f"{request.path} {'x' in g}")

        @app.get("/out")
        def out() -> str:
            g.x = 1
            inner = app.test_client().get("/in").text
            assert ends == ["request None", "app None"]
            return f"{inner}, {request.path} {g.x}"

        assert app.test_client().get("/out").text == "/in False, /out 1"

    def test_request_of_another_app_inside(self, app: Cocopot) -> None:
        """A request to another application inside a view has its own `g` and request."""
        other = Cocopot("other", autoload=False)
        other.add_url_rule("/in", "view", lambda: f"{request.path} {'x' in g}")

        @app.get("/out")
        def view() -> str:
            g.x = 1
            return f"{other.test_client().get('/in').text} {request.path} {'x' in g}"

        assert app.test_client().get("/out").text == "/in False /out True"

    def test_each_request_has_its_own(self, app: Cocopot) -> None:
        """Requests of one client share nothing."""
        app.add_url_rule("/", "view", lambda: str(g.setdefault("n", id(request._get_current_object()))))  # type: ignore[attr-defined]
        client = app.test_client()
        with client:
            first = client.get("/").text
            kept = request._get_current_object()  # type: ignore[attr-defined]
            assert client.get("/").text != first == str(id(kept))


class TestClientBlock:
    @pytest.fixture(autouse=True)
    def _views(self, app: Cocopot) -> None:
        app.add_url_rule("/<n>", "view", lambda n: g.setdefault("n", n))
        app.add_url_rule("/boom", "boom", lambda: str(1 / 0))

    def test_without(self, app: Cocopot, ends: list[str]) -> None:
        """Without `with`, the context is gone when the response is there."""
        app.test_client().get("/1")
        assert not has_request_context()
        assert ends == ["request None", "app None"]

    def test_with(self, app: Cocopot, ends: list[str]) -> None:
        """Inside `with`, the context stays until the next request or the end, and is torn down once."""
        with app.test_client() as client:
            client.get("/1")
            assert (request.path, g.n, ends) == ("/1", "1", [])
            client.get("/2")
            assert (request.path, g.n) == ("/2", "2")
            assert ends == ["request None", "app None"]
        assert not has_request_context()
        assert ends == ["request None", "app None"] * 2

    def test_two_clients(self, app: Cocopot, ends: list[str]) -> None:
        """A client inside the block of another shares nothing with the context that this one preserves."""
        with app.test_client() as outer, app.test_client() as inner:
            outer.get("/1")
            assert inner.get("/2").text == "2"
            assert (request.path, g.n) == ("/2", "2")
            assert app.test_client().get("/3").text == "3"
            assert ends == ["request None", "app None"]
        assert ends == ["request None", "app None"] * 3

    def test_exception(self, app: Cocopot, ends: list[str]) -> None:
        """After an exception too the context stays, and is torn down once, with the exception."""
        with app.test_client() as client:
            with pytest.raises(ZeroDivisionError):
                client.get("/boom")
            assert (request.path, ends) == ("/boom", [])
        assert not has_request_context()
        assert [end.partition("(")[0] for end in ends] == [
            "request ZeroDivisionError",
            "app ZeroDivisionError",
        ]

    def test_failing_teardown(self, app: Cocopot) -> None:
        """A teardown function that raises at the end of the block leaves no context behind."""

        @app.teardown_request
        def fail(exc: BaseException | None) -> None:
            raise ValueError

        app.add_url_rule("/hop", "hop", lambda: ("", 302, {"Location": "/1"}))
        with pytest.raises(ExceptionGroup), app.test_client() as client:
            client.get("/hop", follow_redirects=True)
        assert not has_request_context()

    def test_inside_app_context(self, app: Cocopot, ends: list[str]) -> None:
        """The block may be inside an application context, which is current again after it."""
        with app.app_context() as context:
            with app.test_client() as client:
                client.get("/1")
                assert g.n == "1"
            assert current() is context
        assert ends == ["request None", "app None", "app None"]


class TestThreads:
    def test_each_its_own(self, app: Cocopot) -> None:
        """A thread does not see the context of another; threads that serve requests see each their own."""
        barrier = threading.Barrier(3)

        @app.get("/<n>")
        def view(n: str) -> str:
            g.n = n
            barrier.wait(10)
            return f"{g.n} {request.path}"

        with app.app_context(), ThreadPoolExecutor(3) as pool:
            assert pool.submit(has_app_context).result() is False
            texts = pool.map(lambda n: app.test_client().get(f"/{n}").text, "abc")
            assert list(texts) == ["a /a", "b /b", "c /c"]

    def test_copied_variables(self, app: Cocopot) -> None:
        """A copy of the context variables sees the context that it was made in, in any thread."""
        with app.test_request_context("/here"):
            variables = contextvars.copy_context()
        assert in_thread(lambda: variables.run(lambda: request.path)) == "/here"
        assert not has_request_context()

    def test_copy_current_request_context(self, app: Cocopot, ends: list[str]) -> None:
        """A function can take the request into a thread; it has its own `g` there, and its own teardown."""

        @app.get("/here")
        def view() -> str:
            g.value = 1

            @copy_current_request_context
            def work(sign: str, *, end: str) -> str:
                assert "value" not in g
                return f"{request.path}{sign}{current_app.name}{end}"

            return str(in_thread(lambda: work(" of ", end="!")))

        assert app.test_client().get("/here").text == "/here of tests_of_context!"
        assert ends == ["request None", "app None"] * 2

    def test_copy_outlives_the_request(self, app: Cocopot) -> None:
        """The copy also works when the request has ended, and keeps the function's name."""

        def work() -> str:
            """Do it."""
            return request.path

        with app.test_request_context("/here"):
            copied = copy_current_request_context(work)
        assert (copied.__name__, copied.__doc__) == ("work", "Do it.")
        assert [in_thread(copied), copied()] == ["/here"] * 2

    def test_copy_in_the_same_thread(self, app: Cocopot, ends: list[str]) -> None:
        """Inside the request itself, too, the copy has its own `g` and its own teardown."""
        with app.test_request_context():
            g.value = 1
            assert copy_current_request_context(lambda: "value" in g)() is False
            assert ends == ["request None", "app None"]
            assert g.value == 1

    def test_copy_outside(self) -> None:
        """Outside of a request there is nothing to copy."""
        with pytest.raises(RuntimeError, match="outside of a request context"):
            copy_current_request_context(lambda: None)


class TestUrlAdapter:
    def test_built_once(self, app: Cocopot) -> None:
        """A context builds its URL adapter on first use, once; without a host there is none."""
        with app.test_request_context() as context:
            assert context.url_adapter is context.url_adapter is not None
        assert app.app_context().url_adapter is None
        app.config["SERVER_NAME"] = "example.com"
        assert app.app_context().url_adapter is not None

    def test_copy(self, app: Cocopot) -> None:
        """A copy has the same application, request and pipeline, and nothing else."""
        context = app.test_request_context()
        context.g.x = 1
        copy = context.copy()
        assert (copy.app, copy.request, copy.pipeline) == (app, context.request, context.pipeline)
        assert isinstance(copy, Context)
        assert "x" not in copy.g
