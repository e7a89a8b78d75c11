# Part of `_compiled.pyx`: streamed bodies.

from cocopot.speedups.streams import as_bytes, raise_from_inside


cdef extern from *:
    """
    /* Raises what a function below has raised, after which its caller has to clean up. */
    #define raise_pending() (PyErr_Occurred() ? -1 : 0)
    """
    int raise_pending() except -1
    PyObject *next_or_null "PyIter_Next"(object iterator)
    PyObject *utf8_or_null "PyUnicode_AsUTF8String"(object text)
    int enter_or_fail "PyContext_Enter"(object context)
    int exit_or_fail "PyContext_Exit"(object context)


cdef int raise_failed_part() except -1:
    """Raise what reading a part has raised, by a function whose frame is then in the traceback."""
    try:
        raise_pending()
    except BaseException as error:
        raise_from_inside(error)
    return 0


cdef class EncodedParts:
    # One of the two is read, until its end or an exception.
    cdef object parts
    cdef ContextReader reader

    def __init__(self, parts not None):
        parts = iter(parts)
        if type(parts) is ContextReader:
            self.reader = parts
        else:
            self.parts = parts

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject *found = NULL
        parts = self.parts
        cdef ContextReader reader = self.reader
        if parts is not None:
            found = next_or_null(parts)
        elif reader is not None:
            found = reader.next_or_none()
        if found == NULL:
            self.parts = self.reader = None
            raise_failed_part()
            raise StopIteration
        part = <object>found
        Py_DECREF(part)
        if type(part) is bytes:
            return part
        if type(part) is not str:
            return self.as_bytes(part)
        found = utf8_or_null(part)
        if found == NULL:
            self.parts = self.reader = None
            raise_failed_part()
        text = <object>found
        Py_DECREF(text)
        return text

    cdef object as_bytes(self, part):
        try:
            return as_bytes(part)
        except BaseException:
            self.parts = self.reader = None
            raise


def encoded(parts):
    return EncodedParts(parts)


cdef class StreamedBody(EncodedParts):
    """The body of a response for a server, which closes the response with it; see `cocopot.wsgi.ResponseBody`."""

    cdef object response

    def close(self):
        self.response.close()


cdef StreamedBody streamed_body(response, parts):
    cdef StreamedBody body = StreamedBody(parts)
    body.response = response
    return body


cdef class StreamState:
    cdef public object context
    cdef public object variables
    cdef public object source
    cdef public object iterator
    cdef public bint is_held

    def begin(self):
        if self.iterator is None:
            self.iterator = iter(self.source)
        return self.iterator

    def close(self, exc=None):
        context, self.context = self.context, None
        if context is None:
            return
        PyContext_Enter(self.variables)
        try:
            close = getattr(self.source, "close", None)
            if close is not None:
                close()
        finally:
            try:
                if self.is_held:
                    context.release(exc)
            finally:
                PyContext_Exit(self.variables)

    def __del__(self):
        self.close()


cdef class ContextReader:
    cdef object stream, variables, iterator

    def __init__(self, stream not None):
        self.stream = stream
        self.variables = stream.variables
        self.iterator = None

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject *found = self.next_or_none()
        if found == NULL:
            raise StopIteration
        item = <object>found
        Py_DECREF(item)
        return item

    cdef PyObject *next_or_none(self) except? NULL:
        """Return the next item, or `NULL` at the end."""
        cdef PyObject *found = NULL
        stream, iterator = self.stream, self.iterator
        if stream is None:
            return NULL
        if iterator is not None and enter_or_fail(self.variables) == 0:
            found = next_or_null(iterator)
            exit_or_fail(self.variables)
            if found != NULL:
                return found
        try:
            raise_pending()
            if iterator is None:
                found = self.first()
        except BaseException as exc:
            self.stream = None
            if not isinstance(exc, (StopIteration, GeneratorExit)):
                stream.close(exc)
            if not isinstance(exc, StopIteration):
                raise
        if found == NULL:
            self.stream = None
            stream.close()
        return found

    cdef PyObject *first(self) except? NULL:
        PyContext_Enter(self.variables)
        try:
            self.iterator = self.stream.begin()
            return PyIter_Next(self.iterator)
        finally:
            PyContext_Exit(self.variables)


def read_in_context(stream):
    return ContextReader(stream)
