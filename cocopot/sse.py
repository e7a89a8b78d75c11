"""Server-sent events: a response for the `EventSource` of browsers (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import contextvars
import queue
import re
import signal
import threading
import time
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cocopot.context import current
from cocopot.coroutines import PENDING
from cocopot.exceptions import ServiceUnavailable
from cocopot.open_streams import add_stream, discard_stream
from cocopot.streaming import AsyncReader, ContextIterator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cocopot.app import Cocopot
    from cocopot.response import Response

_POLL = 1.0  # seconds until a stream sees that it is to end
_CLOSE_TIMEOUT = 1.0  # seconds that a generator has to end when its stream is closed
_LINE_BREAK = re.compile("\r\n|\r|\n")
_HEARTBEAT = b":\n\n"  # a comment, which browsers ignore
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a stream, for `event_stream`.

    Args:
        data: A text of any number of lines, or what the application's JSON provider serializes; `None` for an
            event without data, which browsers do not report.
        event: The type that a listener of the browser is added for; by default `"message"`.
        id: What the browser sends as `Last-Event-ID` when it connects again.
        retry: After how many milliseconds the browser connects again when the stream ends.
        comment: A text that browsers ignore.

    Raises:
        ValueError: If `event` or `id` has a line break, `id` has a NUL, or `retry` is negative.
        TypeError: If `event`, `id` or `comment` is not a string, or `retry` is not an integer.
    """

    data: Any = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if self.event is None and self.id is None and self.retry is None and self.comment is None:
            return
        for name in ("event", "id", "comment"):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, str):
                raise TypeError(f"{name} of a ServerSentEvent is a string, not {value!r:.100}.")
            if name != "comment" and _LINE_BREAK.search(value):
                raise ValueError(f"{name} of a ServerSentEvent cannot have a line break: {value!r:.100}.")
        if self.id is not None and "\0" in self.id:
            raise ValueError(f"id of a ServerSentEvent cannot have a NUL: {self.id!r:.100}.")
        retry: object = self.retry
        if retry is not None and type(retry) is not int:
            raise TypeError(f"retry of a ServerSentEvent is an integer, not {retry!r:.100}.")
        if isinstance(retry, int) and retry < 0:
            raise ValueError(f"retry of a ServerSentEvent cannot be negative: {retry}.")

    def encode(self, dumps: Callable[[Any], str]) -> bytes:
        """Return the event as it is sent, in UTF-8.

        Args:
            dumps: Serializes data that is not a text, as JSON.
        """
        text = "" if self.comment is None else _field("", self.comment)
        if self.event is not None:
            text += _field("event", self.event)
        if self.id is not None:
            text += _field("id", self.id)
        if self.retry is not None:
            text += _field("retry", str(self.retry))
        return _encoded(text, self.data, dumps)


def _field(name: str, value: str) -> str:
    """Return the lines of a field, one for each line of its value."""
    if "\n" not in value and "\r" not in value:
        return f"{name}: {value}\n"
    return "".join([f"{name}: {line}\n" for line in _LINE_BREAK.split(value)])


def _encoded(fields: str, data: object, dumps: Callable[[Any], str]) -> bytes:
    """Return an event as it is sent: the lines of its other fields, and its data unless that is `None`."""
    lines = ""
    if data is not None:
        value = data if isinstance(data, str) else dumps(data)
        is_line = "\n" not in value and "\r" not in value
        lines = f"data: {value}\n" if is_line else _field("data", value)  # one call less
    text = f"{fields}{lines}\n"
    try:
        return text.encode()
    except UnicodeEncodeError:  # of a surrogate; naming a way to handle it takes longer than the rest
        return text.encode("utf-8", "replace")


def event_stream(
    events: AsyncIterable[object] | Iterable[object], *, heartbeat: float | None = 15
) -> Response:
    """Return a response that sends events as they come, until the client or the application ends it.

    When the client is gone, the generator is closed, so that its `finally` blocks run. That is noticed when
    something is sent: after two heartbeats at most.

    Args:
        events: An asynchronous generator, which runs in the event loop; or a plain one, which runs in a
            thread of its own. Each item is a `ServerSentEvent`, or the data of one.
        heartbeat: After how many seconds without an event a comment is sent, which keeps proxies from closing
            the connection. `None` for none: a plain generator then runs in the thread of the request.

    Raises:
        RuntimeError: If no context is active.
        TypeError: If `events` cannot be iterated over.
        ValueError: If `heartbeat` is not positive.
    """
    if heartbeat is not None and not heartbeat > 0:
        raise ValueError(f"heartbeat is a number of seconds, or None for no heartbeat, not {heartbeat!r}.")
    app = current().app
    stream = _EventStream(app, _reader_of(app, events, heartbeat), heartbeat)
    return app.response_class(stream, mimetype="text/event-stream", headers=_HEADERS)


class _Reader(Protocol):
    """Reads events, each within some time."""

    def next_within(self, seconds: float | None) -> object:
        """Return the next event, or `PENDING` if it does not arrive in time."""

    def close(self) -> None:
        """Close what is read."""


def _reader_of(app: Cocopot, events: object, heartbeat: float | None) -> _Reader:
    if isinstance(events, AsyncIterable):
        return AsyncReader(app, events)
    if isinstance(events, ContextIterator) and events.is_asynchronous:
        return events
    if not isinstance(events, Iterable) or isinstance(events, (str, bytes, Mapping)):
        raise TypeError(f"event_stream() takes a generator of events, not {events!r:.100}.")
    return _PlainReader(events) if heartbeat is None else _ThreadReader(events)


class _EventStream(Iterable[bytes]):
    """The body of a response: events and heartbeats."""

    def __init__(self, app: Cocopot, reader: _Reader, heartbeat: float | None) -> None:
        self.app = app
        self._reader = reader
        self._heartbeat = heartbeat
        #: Whether it ends before its next event.
        self.is_ended = False

    def __iter__(self) -> Iterator[bytes]:
        # In one function, to avoid calls: a stream may have thousands of events a second.
        add_stream(self)
        yield _HEARTBEAT  # with which the head is sent
        heartbeat = float("inf") if self._heartbeat is None else self._heartbeat
        next_within, dumps = self._reader.next_within, self.app.json.dumps
        begin = now = next_check = time.monotonic()
        # Whether the server stops is inspected seldom, as that takes longer than an event.
        while not (self.is_ended or (now >= next_check and _is_server_stopping())):
            if now >= next_check:
                next_check = now + _POLL
            left = min(begin + heartbeat - now, _POLL)
            try:
                item = PENDING if left <= 0 else next_within(left)
            except (StopIteration, ServiceUnavailable):  # the latter if the application is closed
                return
            if item is not PENDING:
                yield item.encode(dumps) if isinstance(item, ServerSentEvent) else _encoded("", item, dumps)
            elif left <= 0:
                yield _HEARTBEAT
            now = time.monotonic()
            if item is not PENDING or left <= 0:
                begin = now
        self.close()

    def close(self) -> None:
        """Close the generator; the server calls this (PEP 3333)."""
        self.is_ended = True
        discard_stream(self)
        self._reader.close()


class _PlainReader:
    """Reads events in the thread of the request, however long that takes."""

    def __init__(self, events: Iterable[object]) -> None:
        self._events = events
        self._next: Callable[[], object] | None = None

    def next_within(self, seconds: float | None) -> object:  # noqa: ARG002 - it cannot be limited
        if self._next is None:
            self._next = iter(self._events).__next__
        return self._next()

    def close(self) -> None:
        if (close := getattr(self._events, "close", None)) is not None:
            close()


class _ThreadReader:
    """Reads events in a thread of its own, so that another one can send heartbeats."""

    def __init__(self, events: Iterable[object]) -> None:
        self._events = _PlainReader(events)
        self._wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[BaseException | None, object]] = queue.SimpleQueue()
        self._is_waiting = self._is_closed = False
        self._thread: threading.Thread | None = None

    def next_within(self, seconds: float | None) -> object:
        if self._thread is None:
            run = contextvars.copy_context().run
            self._thread = threading.Thread(
                target=run, args=(self._run,), name="cocopot-event-stream", daemon=True
            )
            self._thread.start()
        if not self._is_waiting:
            self._is_waiting = True
            self._wanted.put(True)
        try:
            error, item = self._answers.get(timeout=seconds)
        except queue.Empty:
            return PENDING
        self._is_waiting = False
        if error is None:
            return item
        try:
            raise error
        finally:
            del error  # break the reference cycle exception -> traceback -> frame

    def _run(self) -> None:
        try:
            while self._wanted.get() and not self._is_closed:
                self._answers.put((None, self._events.next_within(None)))
            self._events.close()
        except BaseException as error:  # noqa: BLE001 - raised in the other thread
            self._answers.put((error, None))

    def close(self) -> None:
        """Close the generator, at once if it waits for nothing, otherwise at its next event."""
        self._is_closed = True
        if self._thread is None:
            self._events.close()
            return
        self._wanted.put(True)
        self._thread.join(_CLOSE_TIMEOUT)


def _is_server_stopping() -> bool:
    """Return whether gunicorn's worker has been told to stop: it then waits for its responses."""
    worker = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return getattr(worker, "alive", True) is False
