from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import create_environ

from cocopot import (
    Cocopot,
    Response,
    current_app,
    g,
    has_request_context,
    hookimpl,
    request,
    stream_with_context,
)
from cocopot.exceptions import ServiceUnavailable
from cocopot.streaming import AsyncReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("tests_of_streaming", autoload=False)
    app.testing = True
    return app


@pytest.fixture
def ends(app: Cocopot) -> list[str]:
    """Return a list in which each teardown of a request is noted."""
    seen: list[str] = []
    app.teardown_request(lambda exc: seen.append(f"end {exc!r}"))
    return seen


def answer(app: Cocopot, view: Callable[[], Any], **kwargs: Any) -> Any:
    """Return the response that a client gets from a view."""
    app.add_url_rule("/view", "view", view)
    return app.test_client().get("/view", buffered=True, **kwargs)


def serve(app: Cocopot, stream: Callable[[], Any]) -> Any:
    """Serve one request with a streamed body, and return the WSGI iterable."""
    app.add_url_rule("/here", "here", lambda: Response(stream()))
    return app(create_environ("/here"), lambda status, headers, exc=None: None)  # type: ignore[arg-type]


def test_request_stays(app: Cocopot) -> None:
    """The body can use the request and `g` while it is read, after the view has returned."""

    def view() -> Iterator[str]:
        g.x = "g"

        def generate() -> Iterator[str]:
            yield request.args["q"]
            yield g.x
            yield current_app.name

        return stream_with_context(generate())

    assert answer(app, view, query_string={"q": "ü"}).text == "ügtests_of_streaming"


def test_decorator(app: Cocopot) -> None:
    """A generator function can be decorated, and takes arguments."""

    def view() -> Iterator[str]:
        @stream_with_context
        def generate(sign: str) -> Iterator[str]:
            """Read it."""
            yield request.path + sign

        assert (generate.__name__, generate.__doc__) == ("generate", "Read it.")
        return generate("!")

    assert answer(app, view).text == "/view!"


def test_teardown_at_the_end(app: Cocopot, ends: list[str]) -> None:
    """The teardown waits until the body has been read, and runs once."""
    seen: list[list[str]] = []

    def generate() -> Iterator[bytes]:
        seen.append(list(ends))
        yield b"x"

    body = serve(app, lambda: stream_with_context(generate()))
    assert ends == []
    assert list(body) == [b"x"]
    assert ends == ["end None"]
    body.close()
    assert (ends, seen) == (["end None"], [[]])


def test_client_goes_away(app: Cocopot, ends: list[str]) -> None:
    """When the client disconnects, the generator is closed, and then the teardown runs."""

    def generate() -> Iterator[bytes]:
        try:
            yield b"1"
            yield b"2"
        finally:
            ends.append(f"closed at {request.path}")

    body = serve(app, lambda: stream_with_context(generate()))
    assert next(iter(body)) == b"1"
    body.close()
    assert ends == ["closed at /here", "end None"]


def test_never_read(app: Cocopot, ends: list[str]) -> None:
    """A body that is never read is torn down when it is closed or garbage-collected."""
    body = serve(app, lambda: stream_with_context(iter([b"x"])))
    body.close()
    assert ends == ["end None"]
    with app.test_request_context():
        stream = stream_with_context(iter([b"x"]))
    assert ends == ["end None"]
    del stream
    assert ends == ["end None"] * 2


def test_head(app: Cocopot, ends: list[str]) -> None:
    """The response to HEAD, whose body is not sent, is torn down too."""
    app.add_url_rule("/here", "here", lambda: stream_with_context(iter([b"x"])))
    assert app.test_client().head("/here", buffered=True).data == b""
    assert ends == ["end None"]


def test_exception(app: Cocopot, ends: list[str]) -> None:
    """An exception in the stream reaches the server, and the teardown functions get it."""

    def generate() -> Iterator[bytes]:
        yield b"x"
        raise ValueError("in the stream")

    body = serve(app, lambda: stream_with_context(generate()))
    with pytest.raises(ValueError, match="in the stream"):
        list(body)
    assert ends == ["end ValueError('in the stream')"]


def test_exception_before_the_stream(app: Cocopot, ends: list[str]) -> None:
    """What is not iterable raises when it is read, and is torn down."""
    with app.test_request_context():
        stream = stream_with_context(3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="not iterable"):
        next(stream)
    assert len(ends) == 1


@pytest.fixture
def without_gc() -> Iterator[None]:
    """Let only the counts of references free what is dropped."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_gc")
class TestFailedRequest:
    """A request that raises after it has created a stream, which is then not sent."""

    @staticmethod
    def fail(app: Cocopot, error: BaseException, keep: Callable[[Any], None] = lambda _: None) -> None:
        """Serve a request whose view creates a stream and raises."""

        def view() -> str:
            stream = stream_with_context(request.path for _ in "a")
            keep(stream)
            raise error

        app.add_url_rule("/here", "here", view)
        for _ in app(create_environ("/here"), lambda status, headers, exc=None: None):  # type: ignore[arg-type]
            pass

    @staticmethod
    def divide() -> str:
        """Create a stream and raise `ZeroDivisionError`."""
        stream = stream_with_context("ab")
        return next(stream) * (1 // 0)

    @pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
    def test_it_leaves_the_application(self, app: Cocopot, ends: list[str], error: BaseException) -> None:
        """The context is torn down, though the caller has the exception, whose frames hold the stream."""
        with pytest.raises(type(error)) as raised:
            self.fail(app, error)
        assert (ends, raised.value) == ([f"end {error!r}"], error)

    def test_it_is_answered(self, app: Cocopot, ends: list[str]) -> None:
        """The context is torn down with the exception, also if `g` holds the stream."""
        app.testing = False
        self.fail(app, ValueError("x"), lambda stream: setattr(g, "stream", stream))
        assert ends == ["end ValueError('x')"]

    def test_it_is_handled(self, app: Cocopot, ends: list[str]) -> None:
        """The context is torn down without an exception, also if the stream is in a reference cycle."""
        app.register_error_handler(ValueError, lambda _: "handled")
        kept: list[Any] = []
        self.fail(app, ValueError("x"), lambda stream: kept.append((stream, kept)))
        assert ends == ["end None"]

    def test_the_answer_is_a_stream(self, app: Cocopot, ends: list[str]) -> None:
        """What an error handler sends is not closed."""
        app.add_url_rule("/here", "here", self.divide)
        app.register_error_handler(
            ZeroDivisionError, lambda _: stream_with_context(request.path for _ in "ab")
        )
        body = app(create_environ("/here"), lambda status, headers, exc=None: None)  # type: ignore[arg-type]
        assert (b"".join(body), ends) == (b"/here/here", ["end None"])

    def test_inside_client_block(self, app: Cocopot, ends: list[str]) -> None:
        """Inside the block of a test client the context stays until its end."""
        app.add_url_rule("/here", "here", self.divide)
        with app.test_client() as client:
            with pytest.raises(ZeroDivisionError):
                client.get("/here")
            assert (request.path, ends) == ("/here", [])
        assert ends == ["end ZeroDivisionError('integer division or modulo by zero')"]

    def test_closing_raises(self, app: Cocopot, ends: list[str], caplog: pytest.LogCaptureFixture) -> None:
        """What closing a stream raises is logged, and the next one is closed too."""

        def generate() -> Iterator[str]:
            try:
                yield "a"
            finally:
                raise OSError("closed")

        def begin(_: object) -> None:
            g.streams = [stream_with_context(generate()), stream_with_context(generate())]
            for stream in g.streams:
                next(stream)

        with pytest.raises(ValueError, match="x"):
            self.fail(app, ValueError("x"), begin)
        assert ends == ["end ValueError('x')"]
        assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["closed"] * 2


def test_inside_client_block(app: Cocopot, ends: list[str]) -> None:
    """Inside the block of a test client the context stays after the stream, until its end."""
    app.add_url_rule("/here", "here", lambda: stream_with_context(request.path for _ in "ab"))
    with app.test_client() as client:
        assert client.get("/here").text == "/here/here"
        assert (request.path, ends) == ("/here", [])
    assert ends == ["end None"]


def test_other_threads(app: Cocopot, ends: list[str]) -> None:
    """Each part may be read in another thread than the one that created the stream."""

    def generate() -> Iterator[str]:
        for _ in range(2):
            yield f"{request.path} {threading.current_thread().name}"

    with app.test_request_context("/here"):
        stream = stream_with_context(generate())
    parts = []
    for name in ("one", "two"):
        with ThreadPoolExecutor(1, thread_name_prefix=name) as pool:
            parts.append(pool.submit(next, stream).result())
    assert (parts, ends) == (["/here one_0", "/here two_0"], [])
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(next, stream, "end").result() == "end"
    assert ends == ["end None"]


@pytest.mark.parametrize("hook", ["teardown_request", "teardown_app_context", "response_closed"])
def test_after_the_end(hook: str, ends: list[str], app: Cocopot) -> None:
    """A stream that is read by what runs at the end of a request does not end the request again."""
    texts: list[str] = []

    @hookimpl(specname=f"cocopot_{hook}")
    def read(_: object) -> None:
        texts.extend(stream_with_context(request.path for _ in "a"))

    app.plugins.register(type("Reader", (), {"read": read})())
    answer(app, lambda: "text").close()
    assert (texts, ends) == (["/view"], ["end None"])


def test_leaves_no_context(app: Cocopot) -> None:
    """The reader of the stream does not keep its context afterwards."""
    with app.test_request_context("/here"):
        stream = stream_with_context(str(has_request_context()) for _ in "a")
    assert (next(stream), has_request_context()) == ("True", False)
    assert list(stream) == []


def test_outside() -> None:
    """Outside of a request there is no context to keep, for a stream or for a function."""
    with pytest.raises(RuntimeError, match="outside of a request context"):
        stream_with_context(iter([b""]))
    function = stream_with_context(lambda: iter([b""]))
    with pytest.raises(RuntimeError, match="outside of a request context"):
        function()


class TestAsynchronous:
    """A body from an asynchronous generator."""

    def test_a_view(self, app: Cocopot) -> None:
        """A view may be one, or return one, alone or with status and headers."""

        async def generate(name: str = "wren") -> AsyncIterator[str]:
            yield name
            await asyncio.sleep(0)
            yield "!"

        async def with_headers() -> Any:
            return generate("robin"), 201, {"X-Bird": "robin"}

        app.add_url_rule("/a/<name>", "a", generate)
        app.add_url_rule("/b", "b", with_headers)
        assert app.test_client().get("/a/owl").text == "owl!"
        response = app.test_client().get("/b")
        assert (response.text, response.status_code, response.headers["X-Bird"]) == ("robin!", 201, "robin")

    def test_the_context_stays(self, app: Cocopot, ends: list[str]) -> None:
        """With `stream_with_context` it can use the request, and teardown waits for its end."""

        async def view() -> Any:
            @stream_with_context
            async def generate() -> AsyncIterator[str]:
                yield request.args["q"]
                await asyncio.sleep(0)
                yield str(len(ends))

            return Response(generate(), mimetype="text/csv")

        assert answer(app, view, query_string={"q": "a"}).text == "a0"
        assert ends == ["end None"]

    def test_one_task(self, app: Cocopot) -> None:
        """It runs in one task, so that timeouts and task groups may be open while it yields."""

        async def generate() -> AsyncIterator[str]:
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                for name in "ab":
                    yield await group.create_task(asyncio.sleep(0, name))

        assert answer(app, generate).text == "ab"

    def test_it_is_closed(self, app: Cocopot) -> None:
        """When the server closes the body, its `finally` runs; what that raises reaches the server."""
        events: list[str] = []

        async def generate() -> AsyncIterator[str]:
            try:
                yield "a"
                yield "never"
            finally:
                events.append("closed")
                raise KeyError("wren")

        app.add_url_rule("/", "index", generate)
        body = app(create_environ("/"), lambda status, headers, exc=None: None)  # type: ignore[arg-type]
        assert next(iter(body)) == b"a"
        assert events == []
        with pytest.raises(KeyError, match="wren"):
            body.close()  # type: ignore[attr-defined]
        assert events == ["closed"]

    def test_it_is_dropped(self, app: Cocopot) -> None:
        """A body that a server drops without closing it is cancelled, and is not reported as pending."""
        closed = threading.Event()

        async def generate() -> AsyncIterator[str]:
            try:
                yield "a"
            finally:
                closed.set()

        app.add_url_rule("/", "index", generate)
        pieces = iter(app(create_environ("/"), lambda status, headers, exc=None: None))  # type: ignore[arg-type]
        assert next(pieces) == b"a"
        del pieces
        gc.collect()
        assert closed.wait(10)
        app.close()

    def test_it_leaves_no_cycle(self, app: Cocopot) -> None:
        """A generator is freed without the garbage collector, whether it was read to its end or closed."""
        alive: weakref.WeakSet[Any] = weakref.WeakSet()

        class Bird: ...

        async def generate() -> AsyncIterator[str]:
            bird = Bird()
            alive.add(bird)
            yield "a"
            yield "b"

        app.add_url_rule("/", "index", generate)
        gc.disable()
        try:
            for pieces in (1, 3):
                body = app(create_environ("/"), lambda status, headers, exc=None: None)  # type: ignore[arg-type]
                assert len(list(itertools.islice(body, pieces))) == min(pieces, 2)
                body.close()  # type: ignore[attr-defined]
                del body
                app.async_to_sync(asyncio.sleep)(0)
            assert len(alive) == 0
        finally:
            gc.enable()


def test_a_closed_application(app: Cocopot) -> None:
    """A stream whose application is closed between two items ends with an exception, and does not wait."""
    ends: list[str] = []

    async def generate() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            ends.append("end")

    body = iter(serve(app, lambda: stream_with_context(generate())))
    assert next(body) == b"a"
    app.close()
    assert ends == ["end"]
    with pytest.raises(ServiceUnavailable, match="being closed"):
        next(body)
    app.close()


def test_read_after_an_exception(app: Cocopot) -> None:
    """An asynchronous iterable that has raised an exception has no more items, and does not wait for one."""

    async def generate() -> AsyncIterator[bytes]:
        yield b"a"
        raise ValueError

    reader = AsyncReader(app, generate())
    assert next(reader) == b"a"
    with pytest.raises(ValueError):  # noqa: PT011 - raised above
        next(reader)
    assert list(reader) == []
    app.close()
