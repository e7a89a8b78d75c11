# Part of `_compiled.pyx`: the class of responses is called.


cdef extern from "Python.h":
    Py_ssize_t PyVectorcall_NARGS(size_t number)
    PyObject *PyTuple_GET_ITEM(PyObject *values, Py_ssize_t index)


# What `call_response_class` constructs by.
cdef ResponseMaker maker_of_calls
# Interned, as the names in a call are.
cdef tuple PARAMETERS = ("response", "status", "headers", "mimetype", "content_type")


cdef object call_response_class(object cls, PyObject *const *values, size_t number, PyObject *names):
    """Do what `type.__call__` does with `Response`, without a tuple and a dict of the arguments.

    It is the `tp_vectorcall` of the class and, as it is not inherited, of each subclass.

    Args:
        cls: The class.
        values: The arguments, first those by position.
        number: How many are by position.
        names: A tuple of the names of the others, or `NULL`.
    """
    cdef PyObject *arguments[5]
    cdef Py_ssize_t count = PyVectorcall_NARGS(number), index, place
    cdef ResponseMaker maker = maker_of_calls
    cdef ClassDefaults defaults = maker.defaults_of(cls)
    if count > 5 or not defaults.has_usual_constructor:
        return call_as_type(cls, values, count, names)
    for index in range(5):
        arguments[index] = values[index] if index < count else NULL
    if names != NULL:
        for index in range(len(<tuple>names)):
            place = place_of(PyTuple_GET_ITEM(names, index))
            if place < 0 or arguments[place] != NULL:
                return call_as_type(cls, values, count, names)
            arguments[place] = values[count + index]
    for index in range(5):
        if arguments[index] == NULL:
            arguments[index] = <PyObject *>None
    response = (<TypeObject *>cls).tp_new(<TypeObject *>cls, (), NULL)
    body, status, headers = <object>arguments[0], <object>arguments[1], <object>arguments[2]
    mimetype, content_type = <object>arguments[3], <object>arguments[4]
    if not maker.construct(response, body, status, headers, mimetype, content_type, defaults):
        maker.general_init(response, body, status, headers, mimetype, content_type)
    return response


cdef Py_ssize_t place_of(PyObject *name):
    """Return the index of a parameter, or -1 for another name, or one that is not interned."""
    cdef Py_ssize_t place
    for place in range(5):
        if PyTuple_GET_ITEM(<PyObject *>PARAMETERS, place) == name:
            return place
    return -1


cdef object call_as_type(cls, PyObject *const *values, Py_ssize_t count, PyObject *names):
    """Do what it would do without a function of its own, such as raise for arguments that do not fit."""
    cdef Py_ssize_t index
    cdef dict keywords = {}
    if names != NULL:
        for index in range(len(<tuple>names)):
            keywords[(<tuple>names)[index]] = <object>values[count + index]
    arguments = tuple([<object>values[index] for index in range(count)])
    return PyType_Type.tp_call(cls, arguments, <PyObject *>keywords)
