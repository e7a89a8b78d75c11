"""What is compiled of the reading of a body does what it does in Python."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocopot import speedups
from cocopot.body import BodyStream, body_stream
from cocopot.exceptions import ClientDisconnected, RequestEntityTooLarge
from cocopot.speedups import bodies as in_python
from tests.speedups.test_documents import Input, outcome

READERS = [speedups.InputReader, in_python.InputReader]
SIZES = st.sampled_from([None, -1, 0, 1, 3, 9, 10_000])
STEPS: dict[str, Any] = {
    "read": lambda reader, size: reader.read(size),
    "readline": lambda reader, size: reader.readline(size),
    "next": next,
    "all": lambda reader, size: [*reader],
    "end": lambda reader, size: reader.is_at_end(),
}
ERRORS = [None, None, None, OSError("gone"), OSError(28, "full"), ValueError("chunk"), MemoryError()]
BODIES = st.lists(st.sampled_from([b"", b"\n", b"ab\n", b"c", b"d" * 9000]), max_size=6).map(b"".join)


class BreaksOff(Input):
    """An input that raises an exception once, at its end."""

    def __init__(self, data: bytes, most: int, error: Exception | None) -> None:
        super().__init__(data, most, None)
        self.late = error

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data and self.late is not None:
            error, self.late = self.late, None
            raise error
        return data


@settings(deadline=None, max_examples=1000)
@given(
    BODIES,
    st.sampled_from([None, 0, 1, 5, 9003, 10**25]),
    st.sampled_from([None, 0, 4, 9100, 10**25]),
    st.sampled_from([1, 2, 100_000]),
    st.sampled_from(ERRORS),
    st.sampled_from([Input, BreaksOff]),
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), SIZES), max_size=8),
)
def test_readers(
    body: bytes,
    length: int | None,
    most: int | None,
    piece: int,
    error: Exception | None,
    source: type[Input],
    steps: list[tuple[str, Any]],
) -> None:
    """Bytes and lines in any order, positions and errors are the same, also after an error."""
    found = []
    for cls in READERS:
        reader = cls(source(body, piece, error), length, most)
        results: list[object] = [reader.limit]
        for name, size in steps:
            results += [outcome(STEPS[name], reader, size), reader.position]
        found.append(results)
    assert found[0] == found[1]


ENVIRONS = st.fixed_dictionaries(
    {},
    optional={
        "CONTENT_LENGTH": st.sampled_from(["", "0", "3", "03", " 3", "x", "9999999999999", "9" * 20]),
        "HTTP_TRANSFER_ENCODING": st.sampled_from(["chunked", "Chunked", "gzip, chunked", "gzip", ""]),
        "wsgi.input_terminated": st.sampled_from([True, False, "1"]),
        "SERVER_SOFTWARE": st.sampled_from(["Granian", "other"]),
    },
)


@settings(deadline=None, max_examples=1000)
@given(ENVIRONS, st.sampled_from([None, 0, 2, 3, 100]))
def test_streams(environ: dict[str, Any], most: int | None) -> None:
    """Which bodies may be read, and what is read of them, is the same as by the function in Python."""
    found = []
    for opened in (body_stream, getattr(body_stream, "__wrapped__", body_stream)):

        def read(opened: Any = opened) -> object:
            stream = opened({**environ, "wsgi.input": io.BytesIO(b"a\nb")}, most)
            assert type(stream) is BodyStream
            return stream.limit, stream.read(), stream.tell()

        found.append(outcome(read))
    assert found[0] == found[1]


@pytest.mark.parametrize("reader_class", READERS)
def test_values(reader_class: Any) -> None:
    """Lengths, limits and what they mean are those of the body."""
    reader = reader_class(io.BytesIO(b"one\ntwo\nthree"), 9)
    assert (reader.limit, reader.readline(), reader.position) == (9, b"one\n", 4)
    assert (reader.read(2), next(reader), reader.read(), reader.is_at_end()) == (b"tw", b"o\n", b"t", True)
    reader = reader_class(io.BytesIO(b"four"), None, 3)
    for _ in range(2):
        with pytest.raises(RequestEntityTooLarge):
            reader.read()
    assert reader_class(io.BytesIO(b"four"), None, 4).read() == b"four"
    assert reader_class(io.BytesIO(), None).limit == sys.maxsize
    with pytest.raises(ClientDisconnected):
        reader_class(io.BytesIO(b"one"), 4).read()


def test_a_stream_leaves_the_input_open() -> None:
    """The server's input is not closed when the stream of a body is gone."""
    source = io.BytesIO(b"body")
    stream = body_stream({"wsgi.input": source, "CONTENT_LENGTH": "4"}, None)
    assert stream.read() == b"body"
    del stream
    assert not source.closed
