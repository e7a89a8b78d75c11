"""Server-sent events, as a browser reads them."""

from __future__ import annotations

import asyncio
import queue
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import create_environ

from cocopot import Cocopot, ServerSentEvent, event_stream, g, request, stream_with_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

HEAD = b":\n\n"


@pytest.fixture
def app() -> Iterator[Cocopot]:
    app = Cocopot("birds", autoload=False)
    app.testing = True
    yield app
    app.close()


def body_of(app: Cocopot, events: Callable[[], Any], **options: Any) -> Any:
    """Return the body that a server gets for a stream of events, before it reads any of it."""
    app.add_url_rule("/events", "events", lambda: event_stream(events(), **options))
    return app(create_environ("/events"), lambda status, headers, exc=None: None)  # type: ignore[arg-type]


def parse(stream: bytes) -> list[dict[str, str]]:
    """Return the events of a stream, read by the rules of WHATWG HTML, section 9.2.6."""
    events: list[dict[str, str]] = []
    event: dict[str, str] = {}
    for line in stream.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        name, _, value = line.partition(":")
        if name:
            value = value.removeprefix(" ")
            event[name] = f"{event['data']}\n{value}" if name == "data" and "data" in event else value
        elif not line and event:
            events.append(event)
            event = {}
    return events


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ServerSentEvent("wren"), {"data": "wren"}),
        (ServerSentEvent(""), {"data": ""}),
        (ServerSentEvent(" wren: 1"), {"data": " wren: 1"}),
        (ServerSentEvent("a\r\nb\rc\n\nd\n"), {"data": "a\nb\nc\n\nd\n"}),
        (ServerSentEvent("a\u2028b\x0bc\x85\0"), {"data": "a\u2028b\x0bc\x85\0"}),
        (ServerSentEvent({"name": "Zaunkönig"}), {"data": '{"name": "Zaunk\\u00f6nig"}'}),
        (ServerSentEvent([1]), {"data": "[1]"}),
        (ServerSentEvent(0), {"data": "0"}),
        (
            ServerSentEvent("wren", event="sighted", id="7", retry=500),
            {"event": "sighted", "id": "7", "retry": "500", "data": "wren"},
        ),
        (ServerSentEvent(id="7"), {"id": "7"}),
        (ServerSentEvent(id=""), {"id": ""}),
        (ServerSentEvent(comment="no\ndata: event"), {}),
    ],
)
def test_encoding(app: Cocopot, event: ServerSentEvent, expected: dict[str, str]) -> None:
    """A client reads what was sent, whatever line breaks the data has; nothing else becomes a field."""
    stream = event.encode(app.json.dumps)
    assert parse(stream) == ([expected] if expected else [])
    assert stream.endswith(b"\n\n")


@pytest.mark.parametrize("data", ["wren", "", "a\r\nb\rc\n", "\ud800", {"a": "b"}, [1], 0, None])
def test_data_alone(app: Cocopot, data: object) -> None:
    """An item of another type than an event is sent as the data of one."""
    expected = ServerSentEvent(data).encode(app.json.dumps)
    assert [*body_of(app, lambda: iter([data]), heartbeat=None)][1:] == [expected]


def test_a_server_that_stops(app: Cocopot) -> None:
    """A stream that always has an event ends soon after the worker of gunicorn has been told to stop."""

    class Worker:
        alive = True

        def handle_exit(self, *_: object) -> None: ...

    worker = Worker()
    before = signal.signal(signal.SIGTERM, worker.handle_exit)
    try:
        body = body_of(app, lambda: iter(int, 1), heartbeat=None)
        assert [next(body) for _ in range(3)] == [b":\n\n", b"data: 0\n\n", b"data: 0\n\n"]
        worker.alive = False
        end = time.monotonic() + 5
        assert all(time.monotonic() < end for _ in body)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"event": "a\nb"}, ValueError, "event of a ServerSentEvent cannot have a line break"),
        ({"id": "a\rb"}, ValueError, "id of a ServerSentEvent cannot have a line break"),
        ({"id": "a\0"}, ValueError, "id .* cannot have a NUL"),
        ({"id": 7}, TypeError, "id of a ServerSentEvent is a string, not 7"),
        ({"retry": -1}, ValueError, "retry .* cannot be negative"),
        ({"retry": 1.5}, TypeError, r"retry .* is an integer, not 1\.5"),
        ({"retry": True}, TypeError, "retry .* is an integer, not True"),
    ],
)
def test_invalid_events(fields: dict[str, Any], error: type[Exception], message: str) -> None:
    """What would be another field, or be ignored, is an error where the event is created."""
    with pytest.raises(error, match=message):
        ServerSentEvent("data", **fields)


async def async_birds() -> AsyncIterator[object]:
    yield "wren"
    await asyncio.sleep(0)
    yield ServerSentEvent({"name": "robin"}, id="2")


def birds() -> Iterator[object]:
    yield "wren"
    yield ServerSentEvent({"name": "robin"}, id="2")


@pytest.mark.parametrize("options", [{}, {"heartbeat": None}])
@pytest.mark.parametrize("events", [async_birds, birds, lambda: list(birds())])
def test_the_response(app: Cocopot, events: Callable[[], Any], options: dict[str, Any]) -> None:
    """Events of a generator of either sort; no cache stores them, and no proxy waits for more."""
    app.add_url_rule("/events", "events", lambda: event_stream(events(), **options))
    response = app.test_client().get("/events")
    assert response.data == HEAD + b'data: wren\n\nid: 2\ndata: {"name": "robin"}\n\n'
    assert response.content_type == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in response.headers
    assert app.test_client().head("/events").data == b""


def test_last_event_id(app: Cocopot) -> None:
    """The id that a browser sends in UTF-8 is that of the event."""
    app.add_url_rule("/", "index", lambda: {"id": request.last_event_id})
    client = app.test_client()
    assert client.get("/").json == {"id": None}
    headers = {"Last-Event-ID": "zaunkönig".encode().decode("latin-1")}
    assert client.get("/", headers=headers).json == {"id": "zaunkönig"}


@pytest.mark.parametrize("is_async", [True, False])
def test_heartbeats(app: Cocopot, is_async: bool) -> None:
    """While no event comes, a comment is sent again and again; the event after them is not lost."""
    items: queue.Queue[str] = queue.Queue()

    async def wait_async() -> AsyncIterator[str]:
        yield await asyncio.to_thread(items.get)

    def wait() -> Iterator[str]:
        yield items.get()

    body = iter(body_of(app, wait_async if is_async else wait, heartbeat=0.05))
    assert [next(body) for _ in range(4)] == [HEAD] * 4
    items.put("wren")
    assert b"data: wren\n\n" in list(body)


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("heartbeat", [15, None])
def test_a_client_that_is_gone(app: Cocopot, is_async: bool, heartbeat: float | None) -> None:
    """The server closes the body, and the `finally` of the generator has run when that returns."""
    events: list[str] = []

    async def generate_async() -> AsyncIterator[str]:
        try:
            yield "wren"
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            events.append("closed")

    def generate() -> Iterator[str]:
        try:
            while True:
                yield "wren"
        finally:
            events.append("closed")

    body = body_of(app, generate_async if is_async else generate, heartbeat=heartbeat)
    pieces = iter(body)
    assert [next(pieces), next(pieces)] == [HEAD, b"data: wren\n\n"]
    body.close()
    assert events == ["closed"]
    assert next(pieces, "end") == "end"


def test_a_generator_that_is_waiting(app: Cocopot) -> None:
    """A client that is gone cancels an asynchronous generator in the middle of what it awaits."""
    events: list[str] = []

    async def generate() -> AsyncIterator[str]:
        try:
            await asyncio.sleep(3600)
            yield "never"
        except asyncio.CancelledError:
            events.append("cancelled")
            raise

    body = body_of(app, generate, heartbeat=0.01)
    pieces = iter(body)
    assert [next(pieces), next(pieces)] == [HEAD, HEAD]
    body.close()
    assert events == ["cancelled"]


@pytest.mark.parametrize("is_async", [True, False])
def test_the_application_is_closed(app: Cocopot, is_async: bool) -> None:
    """Open streams end, so that a browser connects to another worker; the generator is closed."""
    closed = threading.Event()

    async def generate_async() -> AsyncIterator[str]:
        try:
            while True:
                yield "wren"
                await asyncio.sleep(3600)
        finally:
            closed.set()

    def generate() -> Iterator[str]:
        try:
            while True:
                yield "wren"
                time.sleep(0.01)
        finally:
            closed.set()

    pieces = iter(body_of(app, generate_async if is_async else generate))
    assert [next(pieces), next(pieces)] == [HEAD, b"data: wren\n\n"]
    threading.Timer(0.1, app.close).start()
    assert set(pieces) <= {b"data: wren\n\n"}
    assert closed.wait(10)


@pytest.mark.parametrize("is_async", [True, False])
def test_an_exception(app: Cocopot, is_async: bool) -> None:
    """What the generator raises reaches the server, which ends the connection."""

    async def generate_async() -> AsyncIterator[str]:
        yield "wren"
        raise KeyError("robin")

    def generate() -> Iterator[str]:
        yield "wren"
        raise KeyError("robin")

    pieces = iter(body_of(app, generate_async if is_async else generate))
    assert [next(pieces), next(pieces)] == [HEAD, b"data: wren\n\n"]
    with pytest.raises(KeyError, match="robin"):
        next(pieces)


def test_the_request_context(app: Cocopot) -> None:
    """It ends before the stream begins, and its resources are released; `stream_with_context` keeps it."""
    ends: list[str] = []
    app.teardown_request(lambda exc: ends.append(g.pop("bird", "none")))

    async def generate() -> AsyncIterator[str]:
        yield f"{request.path} {g.bird}"

    @app.get("/kept")
    def kept() -> Any:
        g.bird = "wren"
        return event_stream(stream_with_context(generate()))

    pieces = iter(body_of(app, generate))
    assert next(pieces) == HEAD
    assert ends == ["none"]
    assert app.test_client().get("/kept").data == HEAD + b"data: /kept wren\n\n"
    assert ends == ["none", "wren"]
    with pytest.raises(RuntimeError, match="outside of a request context"):
        next(pieces)


@pytest.mark.parametrize("events", ["text", b"bytes", {"a": "b"}, None, 7])
def test_invalid_streams(app: Cocopot, events: Any) -> None:
    """What is not a generator of events is an error where the response is created."""
    with app.test_request_context():
        with pytest.raises(TypeError, match="takes a generator of events"):
            event_stream(events)
        with pytest.raises(ValueError, match="heartbeat is a number of seconds"):
            event_stream([], heartbeat=0)
