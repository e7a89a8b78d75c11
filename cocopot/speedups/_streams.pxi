# Part of `_compiled.pyx`: streamed bodies.

from cocopot.speedups.streams import as_bytes


cdef class EncodedParts:
    cdef object parts

    def __init__(self, parts not None):
        self.parts = iter(parts)

    def __iter__(self):
        return self

    def __next__(self):
        if self.parts is None:
            raise StopIteration
        cdef PyObject *found = NULL
        try:
            found = PyIter_Next(self.parts)
        finally:
            if found == NULL:
                self.parts = None
        if found == NULL:
            raise StopIteration
        part = <object>found
        Py_DECREF(part)
        if type(part) is bytes:
            return part
        try:
            return (<str>part).encode() if type(part) is str else as_bytes(part)
        except BaseException:
            self.parts = None
            raise


def encoded(parts):
    return EncodedParts(parts)


cdef class ContextReader:
    cdef object stream, variables, iterator

    def __init__(self, stream not None):
        self.stream = stream
        self.variables = stream.variables
        self.iterator = None

    def __iter__(self):
        return self

    def __next__(self):
        stream = self.stream
        if stream is None:
            raise StopIteration
        cdef PyObject *found = NULL
        try:
            found = self.read(stream)
        except BaseException as exc:
            self.stream = None
            if not isinstance(exc, (StopIteration, GeneratorExit)):
                stream.close(exc)
            if not isinstance(exc, StopIteration):
                raise
        if found == NULL:
            self.stream = None
            stream.close()
            raise StopIteration
        item = <object>found
        Py_DECREF(item)
        return item

    cdef PyObject *read(self, stream) except? NULL:
        PyContext_Enter(self.variables)
        try:
            if self.iterator is None:
                self.iterator = stream.begin()
            return PyIter_Next(self.iterator)
        finally:
            PyContext_Exit(self.variables)


def read_in_context(stream):
    return ContextReader(stream)
