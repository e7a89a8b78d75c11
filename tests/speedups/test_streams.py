"""What is compiled of streamed bodies does what it does in Python."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocopot import speedups
from cocopot.speedups import streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
PARTS = st.one_of(
    st.text(max_size=3),
    st.binary(max_size=3),
    st.binary(max_size=3).map(bytearray),
    st.binary(max_size=3).map(lambda content: memoryview(content)[:]),
    st.sampled_from(["\ud800", 1, None, OSError("gone"), KeyboardInterrupt(), StopIteration()]),
)


class Source:
    """An iterator that yields items and raises exceptions, and that continues after one."""

    def __init__(self, items: list[Any]) -> None:
        self.items = [*items]
        self.seen: list[object] = []

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> Any:
        self.seen.append(VARIABLE.get("none"))
        if not self.items:
            raise StopIteration
        item = self.items.pop(0)
        if isinstance(item, BaseException):
            raise item
        return item


class Stream:
    """A stream to be read in a context, which records how it is ended."""

    def __init__(self, source: Source) -> None:
        self.variables = contextvars.copy_context()
        self.variables.run(VARIABLE.set, "inside")
        self.source = source
        self.ends: list[str] = []

    def begin(self) -> Iterator[Any]:
        return iter(self.source)

    def close(self, exc: BaseException | None = None) -> None:
        self.ends.append(repr(exc))


def read(iterator: Iterator[Any], count: int) -> list[str]:
    """Return what reading an iterator some times returns or raises."""
    found = []
    for _ in range(count):
        try:
            found.append(repr(next(iterator)))
        except BaseException as error:  # noqa: BLE001 - whatever it is, both must raise it
            found.append(type(error).__name__)
    return found


@given(st.lists(PARTS, max_size=5))
def test_parts_are_encoded_alike(items: list[Any]) -> None:
    """Texts and buffers become bytes, and nothing is read after an exception or the end."""
    first, second = Source(items), Source(items)
    assert read(speedups.encoded(first), 7) == read(streams.encoded(second), 7)
    assert first.items == second.items


@given(st.lists(PARTS, max_size=5))
def test_a_stream_is_read_alike(items: list[Any]) -> None:
    """Each item is read with the stream's context variables, and the stream is ended once."""
    outcomes = []
    for kind in (speedups, streams):
        source = Source(items)
        stream = Stream(source)
        iterator = kind.read_in_context(stream)
        outcomes.append((read(iterator, 7), len(source.items), source.seen, stream.ends))
        assert VARIABLE.get("none") == "none"
        assert set(source.seen) == {"inside"}
        assert len(stream.ends) == 1
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("kind", [speedups, streams])
def test_a_stream_that_is_not_read_is_not_begun(kind: Any) -> None:
    """Nothing happens before the first item is read, and closing is left to the server."""
    stream = Stream(Source(["a"]))
    assert iter(kind.read_in_context(stream)) is not None
    assert (stream.ends, stream.source.seen) == ([], [])


@pytest.mark.parametrize("kind", [speedups, streams])
@pytest.mark.parametrize("function", ["encoded", "read_in_context"])
def test_what_cannot_be_read_raises(kind: Any, function: str) -> None:
    """An object that is not a stream raises when it is passed or first read, in both."""
    reader: Callable[[Any], Iterator[Any]] = getattr(kind, function)
    with pytest.raises((TypeError, AttributeError)):
        next(reader(1))


class Held:
    """A context, which records what releases it."""

    def __init__(self) -> None:
        self.released: list[tuple[BaseException | None, str]] = []

    def release(self, exc: BaseException | None = None) -> None:
        self.released.append((exc, VARIABLE.get("none")))


def state_of(kind: Any, source: object, *, is_held: bool = True) -> Any:
    """Return a stream that reads a source with a context variable of its own."""
    state = kind.StreamState()
    state.context, state.is_held, state.source = Held(), is_held, source
    state.variables = contextvars.copy_context()
    state.variables.run(VARIABLE.set, "inside")
    return state


@pytest.mark.parametrize("kind", [speedups, streams])
def test_a_stream_releases_its_context_once(kind: Any) -> None:
    """The context is released with the exception that ended the stream, and the stream's variables."""
    error = OSError("gone")
    state = state_of(kind, Source(["a"]))
    held = state.context
    assert state.begin() is state.begin() is state.source
    state.close(error)
    state.close()
    assert (held.released, state.context) == ([(error, "inside")], None)


@pytest.mark.parametrize("kind", [speedups, streams])
def test_a_stream_that_does_not_hold_its_context(kind: Any) -> None:
    """A context that is not held is not released, and the source is closed all the same."""
    source = (part for part in "ab")
    state = state_of(kind, source, is_held=False)
    held = state.context
    assert next(state.begin()) == "a"
    state.close()
    assert (held.released, list(source)) == ([], [])


@pytest.mark.parametrize("kind", [speedups, streams])
def test_a_source_that_cannot_be_closed(kind: Any) -> None:
    """The context is released although closing the source raises, also by a stream that is only collected."""

    class Broken(Source):
        def close(self) -> None:
            raise OSError("broken")

    state = state_of(kind, Broken([]))
    held = state.context
    with pytest.raises(OSError, match="broken"):
        state.close()
    assert held.released == [(None, "inside")]
    state = state_of(kind, Source([]))
    held = state.context
    del state
    assert held.released == [(None, "inside")]


@pytest.mark.parametrize("kind", [speedups, streams])
def test_a_stream_is_not_closed_while_it_is_read(kind: Any) -> None:
    """Closing a stream inside its own context variables raises, as `Context.run` does."""
    state = state_of(kind, Source([]))
    with pytest.raises(RuntimeError, match="already entered"):
        state.variables.run(state.close)
