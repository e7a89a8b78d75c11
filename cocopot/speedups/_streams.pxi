# Part of `_compiled.pyx`: streamed bodies.

from cpython.weakref cimport PyWeakref_NewRef

from cocopot.speedups.streams import as_bytes, raise_from_inside


cdef extern from *:
    """
    /* Raises what a function below has raised, after which its caller has to clean up. */
    #define raise_pending() (PyErr_Occurred() ? -1 : 0)
    /* Makes the one who calls it the owner of a reference, without counting it. */
    #define owned(value) (value)
    /* A text in UTF-8; most are ASCII, for which a function that inspects the others takes longer. */
    #define utf8_or_null(text) (PyUnicode_IS_COMPACT_ASCII(text) \\
        ? PyBytes_FromStringAndSize((const char *)PyUnicode_1BYTE_DATA(text), PyUnicode_GET_LENGTH(text)) \\
        : PyUnicode_AsUTF8String(text))
    """
    int raise_pending() except -1
    object owned(PyObject *value)
    void dropped "Py_DECREF"(PyObject *value)
    bint PyBytes_CheckExact(PyObject *value)
    bint PyUnicode_CheckExact(PyObject *value)
    PyObject *utf8_or_null(PyObject *text)
    PyObject *next_or_null "PyIter_Next"(object iterator)
    object PyContext_CopyCurrent()
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
        self.begin(parts)

    cdef int begin(self, parts) except -1:
        parts = iter(parts)
        if type(parts) is ContextReader:
            self.reader = parts
        else:
            self.parts = parts
        return 0

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject *found = NULL
        cdef PyObject *text
        parts = self.parts
        cdef ContextReader reader = self.reader
        if parts is not None:
            found = next_or_null(parts)
        elif reader is not None:
            found = reader.next_or_none()
        if found != NULL:
            if PyBytes_CheckExact(found):
                return owned(found)
            if not PyUnicode_CheckExact(found):
                return self.as_bytes(owned(found))
            text = utf8_or_null(found)
            dropped(found)
            if text != NULL:
                return owned(text)
        self.parts = self.reader = None
        raise_failed_part()
        raise StopIteration

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
    cdef StreamedBody body = StreamedBody.__new__(StreamedBody)
    body.begin(parts)
    body.response = response
    return body


cdef class StreamState:
    cdef public object context
    cdef public object variables
    cdef public object source
    cdef public object iterator
    cdef public bint is_held

    def __iter__(self):
        return read_in_context(self)

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
                if self.is_held and isinstance(context, ContextState):
                    (<ContextState>context).drop(exc)
                elif self.is_held:
                    context.release(exc)
            finally:
                PyContext_Exit(self.variables)

    def __del__(self):
        if self.context is not None:
            self.close()


def stream_constructor(current):
    def decorate(general):
        @binding(True)
        def __init__(StreamState self not None, iterable):
            cdef PyObject *found = NULL
            cdef ContextState context
            if _PyType_Lookup(Py_TYPE(iterable), "__aiter__") == NULL:
                PyContextVar_Get(current, NULL, &found)
            holder = None if found == NULL else owned(found)
            if not isinstance(holder, ContextState):
                general(self, iterable)
                return
            context = holder
            if context.request is None or context.request_owner is not None:
                general(self, iterable)
                return
            self.context, self.source = context, iterable
            self.variables = PyContext_CopyCurrent()
            if context.holds > 0:
                self.is_held = True
                context.holds += 1
                if context.streams is None:
                    context.streams = []
                context.streams.append(PyWeakref_NewRef(self, None))

        return update_wrapper(__init__, general)

    return decorate


cdef class ContextReader:
    cdef object stream, variables, iterator

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject *found = self.next_or_none()
        if found == NULL:
            raise StopIteration
        return owned(found)

    cdef PyObject *next_or_none(self) except? NULL:
        """Return the next item, or `NULL` at the end."""
        cdef PyObject *found = NULL
        iterator = self.iterator
        if iterator is not None and enter_or_fail(self.variables) == 0:
            found = next_or_null(iterator)
            exit_or_fail(self.variables)
            if found != NULL:
                return found
        stream = self.stream
        if stream is None:
            return NULL
        try:
            raise_pending()
            if iterator is None:
                found = self.first()
        except BaseException as exc:
            self.stream = self.iterator = None
            if not isinstance(exc, (StopIteration, GeneratorExit)):
                stream.close(exc)
            if not isinstance(exc, StopIteration):
                raise
        if found == NULL:
            self.stream = self.iterator = None
            stream.close()
        return found

    cdef PyObject *first(self) except? NULL:
        PyContext_Enter(self.variables)
        try:
            self.iterator = self.stream.begin()
            return PyIter_Next(self.iterator)
        finally:
            PyContext_Exit(self.variables)


cpdef ContextReader read_in_context(stream):
    cdef ContextReader reader = ContextReader.__new__(ContextReader)
    reader.stream = stream
    reader.variables = stream.variables
    return reader
