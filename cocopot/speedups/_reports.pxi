# Part of `_compiled.pyx`: the compiled twin of `cocopot.speedups.reports`, which documents each class.

cimport cython

from pluggy import Result


cdef extern from *:
    """
    /* time.perf_counter, without a float object for each reading. */
    static inline double perf_counter(void) {
    #if PY_VERSION_HEX >= 0x030D0000
        PyTime_t now;
        (void)PyTime_PerfCounterRaw(&now);
        return PyTime_AsSecondsDouble(now);
    #else
        return _PyTime_AsSecondsDouble(_PyTime_GetPerfCounter());
    #endif
    }
    """
    double perf_counter() noexcept


cdef extern from "Python.h":
    object PyObject_Call(object function, tuple args, PyObject *kwargs)
    object PyContext_CopyCurrent()
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1


@cython.freelist(64)
@cython.dataclasses.dataclass(frozen=True)
cdef class HookCallRecord:
    hook: str
    plugin: str
    start: cython.double
    duration: cython.double
    result: object = None
    exception: object = None
    wrapped: object = None


cdef class Guard:
    cdef public bint is_in_callback


cdef class Reporter:
    cdef readonly tuple callbacks
    cdef readonly object guards
    cdef readonly object on_error
    cdef readonly object wrapper_error

    def __init__(self, tuple callbacks not None, guards, on_error, wrapper_error):
        self.callbacks = callbacks
        self.guards = guards
        self.on_error = on_error
        self.wrapper_error = wrapper_error

    cdef Guard find_guard(self):
        cdef PyObject *value = NULL
        PyContextVar_Get(self.guards, NULL, &value)
        if value == NULL:
            return None
        guard = <object>value
        Py_DECREF(guard)  # Cython has counted it once more
        return guard

    cdef Guard guard(self):
        guard = self.find_guard()
        if guard is None:
            guard = Guard()
            PyContextVar_Set(self.guards, guard)
        return guard

    cdef report(self, HookCallRecord record, Guard guard):
        context = PyContext_CopyCurrent()
        cdef bint is_new = guard is None
        if is_new:
            guard = Guard()
        PyContext_Enter(context)
        try:
            if is_new:
                PyContextVar_Set(self.guards, guard)
            guard.is_in_callback = True
            for callback in self.callbacks:
                try:
                    callback(record)
                except Exception as error:
                    self.on_error(callback, record, error)
        finally:
            guard.is_in_callback = False
            PyContext_Exit(context)


cdef class ReportingFunction:
    cdef readonly Reporter reporter
    cdef readonly str hook
    cdef readonly str plugin
    cdef readonly object function

    # Not in `__init__`: an instance that was made without it would have no reporter to call.
    def __cinit__(self, Reporter reporter not None, str hook not None, str plugin not None, function):
        self.reporter = reporter
        self.hook = hook
        self.plugin = plugin
        self.function = function

    def __call__(self, *args):
        return self.call(args, NULL)

    cdef call(self, tuple args, PyObject *kwargs):
        guard = self.reporter.guard()
        if guard.is_in_callback:
            return PyObject_Call(self.function, args, kwargs)
        cdef double start = perf_counter()
        try:
            result = PyObject_Call(self.function, args, kwargs)
        except BaseException as error:
            self.report(guard, start, perf_counter() - start, None, error, None)
            raise
        self.report(guard, start, perf_counter() - start, result, None, None)
        return result

    cdef report(self, Guard guard, double start, double duration, result, exception, wrapped):
        cdef HookCallRecord record = HookCallRecord.__new__(HookCallRecord)
        record.hook = self.hook
        record.plugin = self.plugin
        record.start = start
        record.duration = duration
        record.result = result
        record.exception = exception
        record.wrapped = wrapped
        self.reporter.report(record, guard)


cdef class ReportingKeywordFunction(ReportingFunction):
    def __call__(self, *args, **kwargs):
        return self.call(args, <PyObject *>kwargs)


cdef class ReportingWrapper(ReportingFunction):
    def __call__(self, *args, **kwargs):
        generator = PyObject_Call(self.function, args, <PyObject *>kwargs)
        return generator if self.reporter.guard().is_in_callback else ReportingGenerator(self, generator)


cdef class ReportingGenerator:
    cdef ReportingWrapper source
    cdef object generator
    cdef double start, entered, left, own, wrapped
    cdef bint is_reported

    def __cinit__(self, ReportingWrapper source not None, generator):
        self.source = source
        self.generator = generator
        self.start = self.entered = self.left = perf_counter()

    @property
    def gi_code(self):
        return self.generator.gi_code

    def __iter__(self):
        return self

    def __next__(self):
        try:
            next(self.generator)
        except StopIteration:
            self.end(None, self.source.reporter.wrapper_error(self, "did not yield"))
            raise
        except BaseException as error:
            self.end(None, error)
            raise
        self.leave()

    def send(self, value):
        self.enter()
        try:
            self.generator.send(value)
        except StopIteration as stop:
            if isinstance(value, Result):
                exception = value.exception
                self.end(value.get_result() if exception is None else None, exception)
            else:
                self.end(stop.value, None)
            raise
        except BaseException as error:
            self.end(None, error)
            raise
        self.leave()

    def throw(self, exception, *_):
        self.enter()
        try:
            self.generator.throw(exception)
        except StopIteration as stop:
            self.end(stop.value, None)
            raise
        except BaseException as error:
            passed = issubclass(type(exception), StopIteration) and error.__cause__ is exception
            self.end(None, exception if passed else error)
            raise
        self.leave()

    def close(self):
        self.entered = perf_counter()
        try:
            self.generator.close()
        except BaseException as error:
            self.end(None, error)
            raise
        if not self.is_reported:
            self.end(None, self.source.reporter.wrapper_error(self, "has second yield"))

    cdef enter(self):
        self.entered = perf_counter()
        self.wrapped = self.entered - self.left

    cdef leave(self):
        self.left = perf_counter()
        self.own += self.left - self.entered

    cdef end(self, result, exception):
        if self.is_reported:
            return
        self.is_reported = True
        self.leave()
        guard = self.source.reporter.find_guard()
        if guard is None or not guard.is_in_callback:
            self.source.report(guard, self.start, self.own, result, exception, self.wrapped)
