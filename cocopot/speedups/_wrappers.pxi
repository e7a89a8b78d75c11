# Part of `_compiled.pyx`: the wrappers of a hook are resumed.

from types import GeneratorType


cdef extern from "Python.h":
    int PYGEN_NEXT
    # What a generator returns is its result, for which `send` raises a `StopIteration`.
    int PyIter_Send(object generator, object value, PyObject **found) except -1


cdef class Unwinder:
    cdef object general, raise_second_yield, hook, wrappers, blame, on_change

    def __init__(self, general, raise_second_yield, hook, wrappers, blame, on_change):
        self.general = general
        self.raise_second_yield = raise_second_yield
        self.hook = hook
        self.wrappers = wrappers
        self.blame = blame
        self.on_change = on_change

    def __call__(self, list teardowns not None, result, exception, request):
        cdef Py_ssize_t index = len(teardowns)
        cdef PyObject *found
        cdef int outcome
        changed = None
        while index and exception is None and type(teardowns[index - 1]) is GeneratorType:
            index -= 1
            wrapper = teardowns[index]
            found = NULL
            try:
                outcome = PyIter_Send(wrapper, result, &found)
                if outcome == PYGEN_NEXT:
                    Py_DECREF(<object>found)
                    wrapper.close()
            except BaseException as error:
                if self.blame is not None:
                    self.blame(error, self.wrappers[index], self.hook)
                exception = error
                continue
            if outcome == PYGEN_NEXT:
                self.raise_second_yield(wrapper, self.wrappers[index], self.blame, self.hook)
            value = <object>found
            Py_DECREF(value)  # Cython has counted it once more
            if value is not result:
                result, changed = value, self.wrappers[index]
        if index or exception is not None:
            return self.general(
                self.hook,
                self.wrappers,
                self.blame,
                self.on_change,
                teardowns[:index],
                result,
                exception,
                request,
                changed,
            )
        if changed is not None and self.on_change is not None:
            self.on_change(changed, result, request)
        return result
