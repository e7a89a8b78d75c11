from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.response import Response
from cocopot.wsgi import START_FAILED, CheckedStart, call_all, send_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GET = {"REQUEST_METHOD": "GET"}


def forced(application: Callable[[Any, Any], Iterable[bytes]]) -> Any:
    """Return the response of an application that a view returns."""
    return Response.force_type(application, dict(GET))  # type: ignore[arg-type]  # as in Werkzeug


class FrozenError(Exception):
    """An exception that takes no notes."""

    def add_note(self, _: str) -> None:
        raise TypeError


class TestStart:
    @pytest.mark.parametrize(
        ("status", "headers"),
        [
            ("1000 X", []),
            ("100 Continue", []),
            ("abc", []),
            ("200 OK", [("X A", "b")]),
            ("200 OK", [("X-A", "b\0")]),
            ("200 OK", [("Location", "/\u20ac")]),
        ],
    )
    def test_refuses(self, status: str, headers: list[tuple[str, str]]) -> None:
        """What must not reach the server does not: a location has been converted before."""
        started: list[Any] = []
        start = CheckedStart(lambda *args: started.append(args))  # type: ignore[arg-type]  # no writer
        with pytest.raises(ValueError, match=r"status|name of a header|newlines|Latin-1"):
            start(status, headers)
        assert (started, start.is_called) == ([], False)

    def test_passes_on(self) -> None:
        """The rest is passed on, with `exc_info` only if there is one."""
        started: list[Any] = []
        start = CheckedStart(lambda *args: started.append(args))  # type: ignore[arg-type]  # no writer
        start("200", [("X-A", "\xe9")])
        start("500 Oops", [], sys.exc_info())
        assert started == [("200 OK", [("X-A", "\xe9")]), ("500 Oops", [], (None, None, None))]

    def test_marks_the_environment(self) -> None:
        """Only a response that fails after the server was called has to be replaced."""

        def refuse(*_: Any) -> Any:
            raise RuntimeError

        for response, is_marked in [(WerkzeugResponse("a", 1000), False), (WerkzeugResponse("a"), True)]:
            environ = dict(GET)
            with pytest.raises((ValueError, RuntimeError)):
                send_checked(response, environ, refuse)
            assert (START_FAILED in environ) is is_marked


class TestNestedApplication:
    def test_replaces_its_head(self) -> None:
        """An application may replace its head with `exc_info` until its body begins (PEP 3333)."""

        def application(_: Any, start_response: Any) -> Any:
            start_response("200 OK", [("X-A", "1")])
            start_response("503 Later", [("X-B", "2")], (KeyError, KeyError(), None))
            return [b"sorry"]

        response = forced(application)
        assert (response.status, "X-A" in response.headers, response.headers["X-B"]) == (
            "503 Later",
            False,
            "2",
        )

    def test_is_too_late(self) -> None:
        """Once the body has begun, the exception is raised."""

        def application(_: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            yield b"a"
            start_response("500 Oops", [], (KeyError, KeyError("late"), None))

        with pytest.raises(KeyError, match="late"):
            forced(application).get_data()

    def test_starts_twice(self) -> None:
        """A second call without `exc_info` is an error."""

        def application(_: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            start_response("201 CREATED", [])
            return []

        with pytest.raises(RuntimeError, match="a second time without exc_info"):
            forced(application)

    @pytest.mark.parametrize("body", [[], [b"a"], iter(())])
    def test_never_starts(self, body: Any) -> None:
        """An application that does not start its response is an error."""
        with pytest.raises(TypeError, match="has not called start_response"):
            forced(lambda _, __: body)

    @pytest.mark.parametrize("fails", ["start", "status", "headers", "body"])
    def test_is_closed_when_it_fails(self, fails: str) -> None:
        """The body of an application that cannot be sent is closed before the error is raised (PEP 3333)."""
        closed: list[str] = []

        class Body:
            def __iter__(self) -> Iterator[bytes]:
                if fails == "body":
                    raise ValueError("body")
                yield b"a"

            def close(self) -> None:
                closed.append(fails)

        def application(_: Any, start_response: Any) -> Any:
            if fails != "start":
                status = "1000 X" if fails == "status" else "200 OK"
                start_response(status, [("X A", "b")] if fails == "headers" else [])
            return Body()

        with pytest.raises((TypeError, ValueError)):
            forced(application)
        assert closed == [fails]

    def test_is_no_body(self) -> None:
        """What cannot be iterated over is an error, whether the response has been started or not."""

        def application(_: Any, start_response: Any) -> Any:
            start_response("200 OK", [])

        with pytest.raises(TypeError, match="not iterable"):
            forced(application)
        with pytest.raises(TypeError, match="has not called start_response"):
            forced(lambda _, __: cast("Any", None))

    def test_writes_and_closes(self) -> None:
        """What it writes comes before its body, which is read when it is sent, and closed."""
        seen: list[str] = []

        class Body:
            def __iter__(self) -> Any:
                seen.append("read")
                return iter([b"c", b"d"])

            def close(self) -> None:
                seen.append("closed")

        def application(environ: Any, start_response: Any) -> Any:
            environ["changed"] = True
            start_response("200 OK", [("X-A", "1")])(b"a")
            return Body()

        environ = dict(GET)
        response = Response.force_type(application, environ)  # type: ignore[arg-type]  # as in Werkzeug
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "changed" not in environ
        assert (b"".join(response.iter_encoded()), seen) == (b"acd", ["read"])
        response.close()
        assert seen == ["read", "closed"]

    def test_keeps_its_type(self) -> None:
        """A content type of the application's is kept, in any spelling."""

        def application(_: Any, start_response: Any) -> Any:
            start_response("200 OK", [("content-type", "a/b")])
            return [b"a"]

        assert forced(application).headers.getlist("Content-Type") == ["a/b"]

    def test_fails_itself(self) -> None:
        """A `TypeError` of the application's own is raised as it is."""

        def application(_: Any, __: Any) -> Any:
            raise TypeError("own")

        with pytest.raises(TypeError, match="own"):
            forced(application)
        with pytest.raises(TypeError, match="positional argument"):
            forced(self.test_starts_twice)  # type: ignore[arg-type]  # the mistake


class TestCallAll:
    def test_calls_all(self) -> None:
        """Every function is called, the first exception is raised, and the others are notes on it."""
        called: list[str] = []

        def fail(name: str) -> Callable[[], None]:
            def function() -> None:
                called.append(name)
                raise ValueError(name)

            return function

        with pytest.raises(ValueError, match="a") as raised:
            call_all([fail("a"), lambda: called.append("b"), fail("c")])
        assert called == ["a", "b", "c"]
        assert raised.value.__notes__ == ["Closing the response raised another exception: ValueError('c')"]

    def test_exit_takes_precedence(self) -> None:
        """An exception that ends the process is raised though it is not the first."""

        def fail() -> None:
            raise FrozenError

        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            call_all([fail, interrupt])
        with pytest.raises(FrozenError):
            call_all([fail, fail])
