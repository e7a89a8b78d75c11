# Part of `_compiled.pyx`: the only implementation of a hook is called, without the generated function.


cdef extern from "Python.h":
    size_t PY_VECTORCALL_ARGUMENTS_OFFSET
    PyObject *call_function "PyObject_Vectorcall"(object function, PyObject **values, size_t number, PyObject *names)


@final
cdef class DirectCall:
    cdef object function, record, check, blame, impl, raise_together
    cdef str hook
    cdef bint is_every, is_threaded
    cdef Py_ssize_t count
    # Which of the hook's arguments those of the implementation are.
    cdef int places[3]

    cdef object call(self, app, request, value):
        cdef PyObject *values[3]
        cdef PyObject *arguments[4]
        cdef Py_ssize_t index
        values[0], values[1], values[2] = <PyObject *>app, <PyObject *>request, <PyObject *>value
        for index in range(self.count):
            arguments[index + 1] = values[self.places[index]]
        cdef PyObject *found = call_function(
            self.function, arguments + 1, self.count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL
        )
        if found == NULL:
            self.fail()
        result = <object>found
        Py_DECREF(result)  # Cython has counted it once more
        if self.is_threaded and (result is None or result is value):
            return value
        if result is None or self.is_every:
            return None
        if self.record is not None:
            self.record(result, request)
        return result if self.check is None else self.check(result)

    cdef int fail(self) except -1:
        """Raise the error of the implementation, with its blame."""
        try:
            raise_pending()  # of `_streams.pxi`
        except BaseException as exc:
            error = exc
            if self.blame is not None:
                self.blame(exc, self.impl, self.hook)
            if not self.is_every:
                raise
        self.raise_together([error], 1)
        return 0


def with_direct_call(
    general,
    function,
    places,
    *,
    str hook not None,
    impl,
    bint is_every,
    bint is_threaded,
    record,
    check,
    blame,
    raise_together,
):
    cdef DirectCall call = DirectCall.__new__(DirectCall)
    cdef Py_ssize_t index
    call.count = len(places)
    if call.count > 3:
        return general
    for index in range(call.count):
        call.places[index] = places[index]
        if not 0 <= call.places[index] < 3:
            return general
    call.function = function
    call.hook = hook
    call.impl = impl
    call.is_every = is_every
    call.is_threaded = is_threaded
    call.record = record
    call.check = check
    call.blame = blame
    call.raise_together = raise_together
    general.direct_call = call
    return general


cdef DirectCall direct_call_of(hook):
    """Return how the only implementation of a hook is called, or `None` if there is another way."""
    call = getattr(hook, "direct_call", None)
    return call if type(call) is DirectCall else None
