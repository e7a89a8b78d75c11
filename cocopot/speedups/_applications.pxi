# Part of `_compiled.pyx`: an application is called, and its attributes are read.


# What `call_application` calls, and what it does not: `__call__`, as of any class in Python.
cdef RequestHandler handler_of_calls
cdef object (*general_call)(object app, object args, PyObject *keywords)


cdef object call_application(object app, object args, PyObject *keywords):
    """Do what `__call__` does, which is the `tp_call` of the class; subclasses do not inherit it."""
    if keywords != NULL or len(<tuple>args) != 2:
        return general_call(app, args, keywords)
    return handler_of_calls.call(app, (<tuple>args)[0], (<tuple>args)[1])


cdef object own_attribute(instance, str name, default):
    """Return an attribute, or a default; for one that is missing `__getattr__` would search similar names."""
    try:
        return PyObject_GenericGetAttr(instance, name)
    except AttributeError:
        return default
