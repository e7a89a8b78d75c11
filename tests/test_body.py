from __future__ import annotations

import errno
import io
import itertools
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Request as WerkzeugRequest

from cocopot.body import BodyStream, body_stream, check_content_length, read_body
from cocopot.exceptions import BadRequest, ClientDisconnected, LengthRequired, RequestEntityTooLarge
from cocopot.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

FORM = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nfoo\r\n--x--\r\n'
MULTIPART = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "multipart/form-data; boundary=x"}
JSON = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json"}
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}

# Everything that reads a body.
READERS: dict[str, Callable[[Any], Any]] = {
    "get_data": lambda request: request.get_data(),
    "get_data(cache=False)": lambda request: request.get_data(cache=False),
    "get_data(as_text=True)": lambda request: request.get_data(as_text=True),
    "get_data(parse_form_data=True)": lambda request: request.get_data(parse_form_data=True),
    "data": lambda request: request.data,
    "form": lambda request: request.form.to_dict(),
    "files": lambda request: request.files.to_dict(),
    "values": lambda request: request.values.to_dict(),
    "get_json": lambda request: request.get_json(force=True),
    "get_json(silent=True)": lambda request: request.get_json(force=True, silent=True),
    "read": lambda request: request.stream.read(),
    "read(1000)": lambda request: request.stream.read(1000),
    "read(1)": lambda request: b"".join(iter(lambda: request.stream.read(1), b"")),
    "readall": lambda request: request.stream.readall(),
    "readinto": lambda request: request.stream.readinto(bytearray(1000)),
    "readline": lambda request: b"".join(iter(request.stream.readline, b"")),
    "readlines": lambda request: request.stream.readlines(),
    "iteration": lambda request: list(request.stream),
    "exhaust": lambda request: request.stream.exhaust(),
}
# Each reader with a body that it reads.
FORM_READERS = {"form", "files", "values"}
READINGS = [(name, MULTIPART, FORM) for name in READERS]
READINGS += [(name, JSON, b'{"a": "foo\\n"}') for name in READERS if name not in FORM_READERS]
of_each_reading = pytest.mark.parametrize(
    ("reader", "headers", "body"), READINGS, ids=lambda value: value if isinstance(value, str) else ""
)


class Trickle(io.BytesIO):
    """A stream that gives two bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(2 if size is None or size < 0 else min(2, size))


def environ_of(stream: io.BytesIO, length: object, **more: Any) -> dict[str, Any]:
    return {"wsgi.input": stream, "CONTENT_LENGTH": str(length), **more}


@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
@pytest.mark.parametrize("body", [b"", b"x", b"0123456789"])
def test_a_body_is_read_in_one_piece(stream: type[io.BytesIO], body: bytes) -> None:
    """It ends after the announced number of bytes, however the server hands it over."""
    source = stream(body + b"GET / HTTP/1.1")
    assert read_body(environ_of(source, len(body)), None) == body
    assert source.tell() == len(body)


@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
def test_a_body_that_ends_early_is_an_error(stream: type[io.BytesIO]) -> None:
    """A client that has gone away is not taken for one that sent less."""
    with pytest.raises(ClientDisconnected):
        read_body(environ_of(stream(b"012"), 4), None)


@pytest.mark.parametrize(
    "environ",
    [
        environ_of(io.BytesIO(b"0123"), "", HTTP_TRANSFER_ENCODING="chunked"),
        environ_of(io.BytesIO(b"0123"), 4, HTTP_TRANSFER_ENCODING="chunked"),
        environ_of(io.BytesIO(b"0123"), "4x"),
        environ_of(io.BytesIO(b"0123"), 10**20),
        environ_of(io.BytesIO(b"0123456789"), 10),
    ],
    ids=["chunked", "both", "bad", "huge", "over the limit"],
)
def test_what_is_not_plain_is_left_to_the_stream(environ: dict[str, Any]) -> None:
    """Nothing is read where the length is missing, odd, or more than allowed."""
    assert read_body(environ, 9) is None
    assert environ["wsgi.input"].tell() == 0


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"line\n", b"x" * 9000]), max_size=8).map(b"".join),
    st.lists(st.sampled_from(["next", "read", "readline", "tell"]), max_size=12),
    st.sampled_from([io.BytesIO, Trickle]),
)
@settings(deadline=None)
def test_lines_and_other_reads_in_turn(body: bytes, names: list[str], source: type[io.BytesIO]) -> None:
    """Iteration, lines and pieces in any order are those of a file with the same content."""
    stream: Any = body_stream(environ_of(source(body), len(body)), None)
    file = io.BytesIO(body)
    lines, expected = iter(stream), iter(file)
    for name in names:
        if name == "next":
            assert next(lines, b"") == next(expected, b"")
            lines, expected = iter(stream), iter(file)
        elif name == "read":
            assert stream.read(3) == file.read(3)
        else:
            assert getattr(stream, name)() == getattr(file, name)()
    assert [*stream] == [*file]


def test_the_stream_holds_the_limit() -> None:
    """A body over the limit is refused before it is read."""
    with pytest.raises(RequestEntityTooLarge):
        body_stream(environ_of(io.BytesIO(b"0123456789"), 10), 9)


@pytest.mark.parametrize("length", ["x", "-1", "+1", "1.0", "1" * 21, "\N{SUPERSCRIPT TWO}"])
def test_a_length_that_is_not_a_number_is_rejected(length: str) -> None:
    """Only digits, and no more than twenty, are a length."""
    with pytest.raises(BadRequest):
        check_content_length({"CONTENT_LENGTH": length})


@pytest.mark.parametrize("length", ["", "0", " 7 ", "7\t"])
def test_a_length_may_be_empty_or_padded(length: str) -> None:
    """PEP 3333 allows an empty length, and HTTP blanks around it."""
    check_content_length({"CONTENT_LENGTH": length})


GRANIAN = {"wsgi.input_terminated": True, "SERVER_SOFTWARE": "Granian"}


@pytest.mark.parametrize("more", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {}], ids=["chunked", "HTTP/2"])
def test_granian_hides_where_a_body_without_a_length_breaks_off(more: dict[str, str]) -> None:
    """Under granian a body without a length is a 411, as it may be incomplete (RFC 9110, 15.5.12)."""
    with pytest.raises(LengthRequired):
        body_stream({"wsgi.input": io.BytesIO(b"half"), **GRANIAN, **more}, None)


@pytest.mark.parametrize("max_length", [None, 3])
def test_a_request_without_a_body_is_read_under_granian(max_length: int | None) -> None:
    """Without a length and without a byte there is no body."""
    assert body_stream({"wsgi.input": io.BytesIO(), **GRANIAN}, max_length).read() == b""
    assert body_stream(environ_of(io.BytesIO(b"012"), 3, **GRANIAN), max_length).read() == b"012"


# -------------------------------------------------------------------------
# The stream
# -------------------------------------------------------------------------


class Counting(io.BytesIO):
    """A server's input that counts its calls, and cannot allocate more than a few pieces at once."""

    calls = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.calls += 1
        if size is None or not 0 <= size <= 2**20:
            raise MemoryError
        return super().read(size)


def read_into(stream: Any, size: int) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[: stream.readinto(buffer)])


operations = st.tuples(
    st.sampled_from(
        [
            lambda stream, size: stream.read(size),
            lambda stream, size: stream.readline(size),
            lambda stream, size: next(stream, b""),
            lambda stream, size: stream.readlines(size),
            read_into,
            lambda stream, size: stream.tell(),
        ]
    ),
    st.integers(0, 12),
)


@settings(deadline=None)
@given(
    st.text("a\n", max_size=30), st.lists(operations), st.sampled_from([io.BytesIO, Trickle]), st.booleans()
)
def test_a_stream_reads_as_a_file_does(text: str, reads: Any, server: Any, announced: bool) -> None:
    """Bytes and lines, in any order, are those of a file that has the body and nothing behind it."""
    body = text.encode()
    environ = environ_of(server(body + b"next"), len(body)) if announced else {**CHUNKED}
    environ.setdefault("wsgi.input", server(body))
    file, stream = io.BufferedReader(io.BytesIO(body)), body_stream(environ, 100)
    for read, size in reads:
        assert read(stream, size) == read(file, size)
    assert stream.read() == file.read()


@pytest.mark.parametrize("headers", [{"CONTENT_LENGTH": "3000000"}, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("reader", ["readline", "readlines", "iteration", "read", "get_data"])
def test_a_line_costs_no_call_per_byte(reader: str, headers: dict[str, Any]) -> None:
    """The server is called once per buffer, however long or short the lines are."""
    for body in (b"a" * 3_000_000, b"\n" * 10_000 + b"a" * 2_990_000, b"a" * 2_999_999 + b"\n"):
        server = Counting(body)
        READERS[reader](Request({**headers, "wsgi.input": server}))
        assert server.tell() == 3_000_000
        assert server.calls < 1000


@of_each_reading
@pytest.mark.parametrize("terminated", [False, True])
def test_an_announced_length_is_not_allocated(
    reader: str, headers: dict[str, Any], body: bytes, terminated: bool
) -> None:
    """The server is asked for pieces of a bounded size, whatever length the client announces."""
    for length in (10**14, 3_000_000):
        environ = environ_of(Counting(body), length, **headers)
        request = Request({**environ, "wsgi.input_terminated": terminated})
        with pytest.raises(ClientDisconnected):
            READERS[reader](request)


@pytest.mark.parametrize(
    "reader", ["readline", "readlines", "iteration", "readinto", "read(1)", "read(1000)"]
)
def test_a_line_does_not_exceed_the_maximum(reader: str) -> None:
    """A chunked body that is too long is a 413, again and again, and one of just that length is read."""
    for body, fits in ((b"a" * 20, True), (b"a" * 21, False), (b"a\n" * 11, False), (b"a" * 999, False)):
        request = Request({**CHUNKED, "wsgi.input": io.BytesIO(body)})
        request.max_content_length = 20
        if fits:
            READERS[reader](request)
        for _ in range(0 if fits else 2):
            with pytest.raises(RequestEntityTooLarge):
                READERS[reader](request)


def test_a_transfer_coding_takes_precedence_over_a_length() -> None:
    """A chunked body is read to its end, and not to a length that the client sent too (RFC 9112, 6.3)."""
    environ = environ_of(io.BytesIO(b"0123"), 2, **CHUNKED)
    assert body_stream(environ, None).read() == b"0123"
    with pytest.raises(LengthRequired):
        body_stream({**environ, "wsgi.input_terminated": False}, None)


# -------------------------------------------------------------------------
# Broken bodies
# -------------------------------------------------------------------------


class Broken(io.BytesIO):
    """A server's input that raises once where the body breaks off, and then returns nothing."""

    def __init__(self, body: bytes, error: Exception) -> None:
        super().__init__(body)
        self.error: Exception | None = error

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data and self.error is not None:
            error, self.error = self.error, None
            raise error
        return data


@of_each_reading
def test_a_body_cut_anywhere_is_not_complete(reader: str, headers: dict[str, Any], body: bytes) -> None:
    """A body that breaks off at any byte is a 400 for each reader, with a length or chunked."""
    for cut in range(len(body)):
        part = body[:cut]
        announced = {**headers, "CONTENT_LENGTH": str(len(body))}
        for environ in (
            {**announced, "wsgi.input": io.BytesIO(part)},
            {**announced, "wsgi.input": Trickle(part), "wsgi.input_terminated": True},
            {**headers, **CHUNKED, "wsgi.input": Broken(part, OSError("bad chunk"))},
        ):
            request = Request(environ)
            for _ in range(2):
                with pytest.raises(BadRequest):
                    READERS[reader](request)


FRAMINGS = ({"CONTENT_LENGTH": "99"}, CHUNKED, {"CONTENT_LENGTH": "99", "wsgi.input_terminated": True})


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "reset"),
        BrokenPipeError(errno.EPIPE, "pipe"),
        TimeoutError("timed out"),
        OSError("bad chunk"),
        OSError(errno.EHOSTUNREACH, "no route"),
        ssl.SSLError(1, "bad record"),
        ClientDisconnected(),
    ],
    ids=repr,
)
@of_each_reading
def test_a_broken_connection_is_a_disconnect(
    reader: str, headers: dict[str, Any], body: bytes, error: Exception
) -> None:
    """What a server raises about the connection is the same answer, whatever reads the body."""
    for more in FRAMINGS:
        with pytest.raises(ClientDisconnected):
            READERS[reader](Request({**headers, **more, "wsgi.input": Broken(body, error)}))


@pytest.mark.parametrize("error", [ValueError("a"), KeyError("a"), AssertionError("a"), Exception("a")])
@of_each_reading
def test_what_a_server_cannot_read_is_a_400(
    reader: str, headers: dict[str, Any], body: bytes, error: Exception
) -> None:
    """Any other exception of the input is a 400 that states it, whatever reads the body."""
    for more in FRAMINGS:
        with pytest.raises(BadRequest, match="The body of this request cannot be read") as caught:
            READERS[reader](Request({**headers, **more, "wsgi.input": Broken(body, error)}))
        assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError(errno.ENOSPC, "disk"), RequestEntityTooLarge()], ids=repr
)
@of_each_reading
def test_what_the_client_did_not_cause_is_not_a_400(
    reader: str, headers: dict[str, Any], body: bytes, error: Exception
) -> None:
    """An error of this machine, and an answer that a middleware has chosen, pass each reader unchanged."""
    for more in FRAMINGS:
        with pytest.raises(type(error)) as caught:
            READERS[reader](Request({**headers, **more, "wsgi.input": Broken(body, error)}))
        assert caught.value is error


# -------------------------------------------------------------------------
# The order of readers
# -------------------------------------------------------------------------

KEEPING = ("get_data", "get_data(cache=False)", "data", "form", "files", "get_json", "read", "read(1)")
ORDERS = [*itertools.product(READERS, repeat=2), *itertools.permutations(KEEPING, 3)]


def outcomes(request: Any, order: tuple[str, ...]) -> list[Any]:
    """Return what each reader returns, or the class of its error."""
    results: list[Any] = []
    for name in order:
        try:
            results.append(READERS[name](request))
        except BadRequest:
            results.append(BadRequest)
    return results


@pytest.mark.parametrize("headers", [MULTIPART, JSON], ids=["form", "json"])
def test_readers_in_any_order_read_what_werkzeugs_do(headers: dict[str, Any]) -> None:
    """After a reader that keeps nothing, the body is empty to the next one, also as a form."""
    body = FORM if headers is MULTIPART else b"[1]"
    for order in ORDERS:
        ours, theirs = (
            cls({**headers, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)})
            for cls in (Request, WerkzeugRequest)
        )
        assert outcomes(ours, order) == outcomes(theirs, order)


def test_a_form_is_empty_after_the_body_was_read_away() -> None:
    """Data that was read without being kept is no broken form afterwards, chunked or not."""
    for more in ({"CONTENT_LENGTH": str(len(FORM))}, CHUNKED):
        request = Request({**MULTIPART, **more, "wsgi.input": io.BytesIO(FORM)})
        assert request.get_data(cache=False) == FORM
        assert request.get_data() == b""
        assert request.form.to_dict() == {}
    assert Request({**MULTIPART, **CHUNKED, "wsgi.input": io.BytesIO()}).form.to_dict() == {}


def test_a_broken_form_is_broken_each_time() -> None:
    """What is left of the body after a failure is not read as an empty form."""
    for headers in (MULTIPART, {**MULTIPART, "CONTENT_TYPE": "application/x-www-form-urlencoded"}):
        request = Request({**headers, **environ_of(io.BytesIO(b"\xff"), 1)})
        for name in ("form", "files", "values", "data", "form"):
            with pytest.raises(BadRequest, match="The form of this request cannot be read"):
                READERS[name](request)


def test_a_form_with_too_many_parts_has_them_each_time() -> None:
    """A form over a limit is a 413 at each attempt to read it."""
    request = Request({**MULTIPART, **environ_of(io.BytesIO(FORM), len(FORM))})
    request.max_form_parts = 0
    for _ in range(2):
        with pytest.raises(RequestEntityTooLarge):
            _ = request.form


def test_the_stream_is_werkzeugs_to_the_outside() -> None:
    """Position and end are known as for Werkzeug's stream."""
    stream = BodyStream(io.BytesIO(b"a\nb"), 3)
    assert (stream.readline(), stream.tell(), stream.is_exhausted) == (b"a\n", 2, False)
    assert (stream.exhaust(), stream.tell(), stream.is_exhausted) == (b"b", 3, True)
