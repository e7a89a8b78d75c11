# Part of `_compiled.pyx`: reads the body of a request from the server's input.

from cocopot.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from cocopot.speedups.bodies import HIDES_TRUNCATION, PIECE, raise_read_error

cdef extern from *:
    Py_ssize_t PY_SSIZE_T_MAX

cdef Py_ssize_t MOST_AT_ONCE = PIECE
#: The most bytes that are received to read a line, as `io.DEFAULT_BUFFER_SIZE`.
cdef Py_ssize_t FOR_LINES = 8192


@final
cdef class InputReader:
    cdef object source
    cdef readonly Py_ssize_t limit, position
    cdef Py_ssize_t received, index
    cdef bint is_maximum, is_broken
    # What was received for `readline`; the index is that of the first byte which has not been read.
    cdef bytes ahead

    def __init__(self, source, length, max_length=None):
        if length is None:
            self.open(source, -1, max_length)
        else:
            self.open(source, min(length, PY_SSIZE_T_MAX), None)

    cdef int open(self, source, Py_ssize_t length, max_length) except -1:
        """Set the fields; the length is negative if it is not known."""
        self.source = source
        self.ahead = b""
        self.is_maximum = length < 0
        if length < 0:
            length = PY_SSIZE_T_MAX if max_length is None else min(max_length + 1, PY_SSIZE_T_MAX)
        self.limit = length
        return 0

    def read(self, size=-1, /):
        cdef Py_ssize_t missing = self.wanted(size)
        piece = self.next_piece(missing)
        if len(piece) != missing and piece:
            piece = self.joined(piece, missing)
        self.position += len(piece)
        return piece

    cdef Py_ssize_t wanted(self, size) except -1:
        cdef Py_ssize_t missing = -1 if size is None else size
        return self.limit if missing < 0 else missing

    cdef object next_piece(self, Py_ssize_t missing):
        """Return what was received for `readline`, or what one read of the input returns."""
        cdef Py_ssize_t start = self.index
        cdef Py_ssize_t end = min(len(self.ahead), start + min(missing, len(self.ahead)))
        if start >= end:
            return self.receive(missing)
        self.index = end
        return self.ahead[start:end]

    cdef object joined(self, piece, Py_ssize_t missing):
        """Return the next bytes, of which a piece has been received."""
        cdef list pieces = []
        while piece:
            pieces.append(piece)
            missing -= len(piece)
            piece = self.receive(missing) if missing else b""
        return b"".join(pieces)

    def readline(self, size=-1, /):
        return self.line(self.wanted(size))

    def __iter__(self):
        return self

    def __next__(self):
        line = self.line(self.limit)
        if not line:
            raise StopIteration
        return line

    cdef bytes line(self, Py_ssize_t missing):
        cdef bytes piece = self.piece_of_line(missing)
        if not is_whole(piece, missing):
            piece = self.joined_line(piece, missing)
        self.position += len(piece)
        return piece

    cdef bytes joined_line(self, bytes piece, Py_ssize_t missing):
        """Return the next line, of which a piece has been received."""
        cdef list pieces = [piece]
        missing -= len(piece)
        while self.receive_ahead():
            piece = self.piece_of_line(missing)
            pieces.append(piece)
            if is_whole(piece, missing):
                break
            missing -= len(piece)
        return b"".join(pieces)

    cdef bytes piece_of_line(self, Py_ssize_t missing):
        """Return what was received of a line."""
        cdef const char *text = PyBytes_AS_STRING(self.ahead)
        cdef Py_ssize_t start = self.index, length = min(missing, len(self.ahead) - start)
        cdef const char *found = <const char *>memchr(text + start, c"\n", length)
        if found != NULL:
            length = found - text - start + 1
        self.index = start + length
        return PyBytes_FromStringAndSize(text + start, length)

    cdef bint receive_ahead(self) except -1:
        """Receive bytes for a line, and return whether there are any."""
        received = self.receive(FOR_LINES)
        self.index = 0
        self.ahead = received if type(received) is bytes else bytes(received)
        return bool(self.ahead)

    def is_at_end(self):
        if not self.is_maximum:
            return self.position >= self.limit
        return self.index >= len(self.ahead) and not self.receive_ahead()

    cdef object receive(self, Py_ssize_t size):
        """Return the bytes of one read of the server's input; none at the end of the body."""
        cdef Py_ssize_t left = self.limit - self.received
        if self.is_maximum and left <= 0:
            raise RequestEntityTooLarge
        size = min(size, left, MOST_AT_ONCE)
        if size <= 0:
            return b""
        if self.is_broken:
            raise ClientDisconnected
        try:
            data = self.received_of(size)
        except BadRequest:
            self.is_broken = True
            raise
        self.received += len(data)
        if self.is_maximum and self.received >= self.limit:
            raise RequestEntityTooLarge
        return data

    cdef object received_of(self, Py_ssize_t size):
        try:
            data = self.source.read(size)
        except Exception as error:
            raise_read_error(error)
            raise
        if not data and not self.is_maximum:
            raise ClientDisconnected
        return data


cdef bint is_whole(bytes line, Py_ssize_t missing):
    """Return whether a line ends, or is as long as it may be."""
    cdef Py_ssize_t length = len(line)
    return length == missing or (length > 0 and PyBytes_AS_STRING(line)[length - 1] == c"\n")


def stream_opener(general, stream_class):
    @binding(True)
    def body_stream(environ, max_length):
        cdef InputReader reader = opened(environ, max_length)
        if reader is None:
            return general(environ, max_length)
        stream = (<TypeObject *>stream_class).tp_new(<TypeObject *>stream_class, (), NULL)
        stream.reader = reader
        return stream

    return update_wrapper(body_stream, general)


cdef InputReader opened(environ, max_length):
    """Return what reads a body, or `None` if its headers have to be inspected."""
    cdef Py_ssize_t length = -1
    if type(environ) is not dict:
        return None
    coding = (<dict>environ).get("HTTP_TRANSFER_ENCODING")
    if coding is None:
        length = announced_length(environ, PY_SSIZE_T_MAX)
        if length <= 0 or (max_length is not None and max_length < length):
            return None
    elif coding != "chunked" or not is_ended_by_server(environ):
        return None
    cdef InputReader reader = InputReader.__new__(InputReader)
    reader.open((<dict>environ)["wsgi.input"], length, max_length)
    return reader


cdef bint is_ended_by_server(dict environ) except -1:
    """Return whether the server ends a chunked body, and a length beside it is a plain number."""
    announced = environ.get("CONTENT_LENGTH") or "0"
    return (
        type(announced) is str
        and PyUnicode_IS_ASCII(<str>announced)
        and (<str>announced).isdecimal()
        and len(<str>announced) <= 20
        and environ.get("wsgi.input_terminated")
        and environ.get("SERVER_SOFTWARE") != HIDES_TRUNCATION
    )
