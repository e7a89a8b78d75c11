# cython: language_level=3, binding=False
"""The compiled twin of `cocopot.speedups.python`, which documents each function and class.

Both must do the same; `tests/test_speedups.py` compares them. The type of a parameter or a variable is checked
when it is assigned: anything but a dict is a `TypeError` where a dict is declared.
"""

from functools import update_wrapper
from types import MethodType

from cython cimport binding, final, freelist, no_gc
from cpython.dict cimport PyDict_GetItemWithError, PyDict_Items, PyDict_SetItem
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeUTF8, PyUnicode_Substring
from libc.string cimport memchr, memcmp

from cocopot.speedups.proxies import read_after_error, read_unbound
from cocopot.speedups.python import LENGTH_HEADERS, unquote_argument


cdef extern from *:
    """
    /* The characters of a text that is ASCII, or Latin-1, as the functions of the C library take them. */
    #define characters_of(text) ((const char *)PyUnicode_1BYTE_DATA(text))
    """
    const char *PyUnicode_1BYTE_DATA "characters_of"(str text)


cdef extern from "Python.h":
    ctypedef object (*vectorcallfunc)(object function, PyObject *const *values, size_t number, PyObject *names)
    ctypedef struct MappingMethods "PyMappingMethods":
        int (*mp_ass_subscript)(object instance, object key, PyObject *value) except -1
    ctypedef struct TypeObject "PyTypeObject":
        MappingMethods *tp_as_mapping
        vectorcallfunc tp_vectorcall
        object (*tp_call)(object cls, object args, PyObject *kwargs)
        object (*tp_new)(TypeObject *cls, object args, PyObject *kwargs)
        object (*tp_getattro)(object instance, object name)
        int (*tp_setattro)(object instance, object name, PyObject *value) except -1
        unsigned int tp_version_tag

    TypeObject PyBaseObject_Type
    TypeObject PyDict_Type
    TypeObject PyType_Type
    bint PyUnicode_IS_ASCII(str text)
    str PyUnicode_New(Py_ssize_t length, Py_UCS4 most)
    PyObject *PyDict_SetDefault(object dictionary, object key, object default) except NULL
    PyObject *_PyType_Lookup(TypeObject *cls, object name)
    TypeObject *Py_TYPE(object instance)
    PyObject *PyIter_Next(object iterator) except? NULL
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    int PyContextVar_Get(object variable, PyObject *default, PyObject **value) except -1


# -------------------------------------------------------------------------
# Objects
# -------------------------------------------------------------------------


cpdef new(cls):
    if isinstance(cls, type) and is_without_constructor(<TypeObject *>cls):
        return (<TypeObject *>cls).tp_new(<TypeObject *>cls, (), NULL)
    return object.__new__(cls)


cdef bint is_without_constructor(TypeObject *cls):
    return (
        cls.tp_new == PyBaseObject_Type.tp_new
        or cls.tp_new == (<TypeObject *>ContextState).tp_new
        or cls.tp_new == (<TypeObject *>RequestState).tp_new
    )


cdef class Lazy:
    cdef readonly object load
    cdef readonly str name

    def __init__(self, load, str name not None = ""):
        self.load = load
        self.name = name

    def __set_name__(self, owner, str name not None):
        self.name = name

    def on_error(self, error):
        pass

    def __get__(self, instance, owner):
        return self if instance is None else self.value_for(instance)

    cdef value_for(self, instance):
        try:
            value = self.load(instance)
        except Exception as error:
            self.on_error(error)
            raise
        setattr(instance, self.name, value)
        return value


cdef class LazyHeaders(Lazy):
    def __get__(self, instance, owner):
        if instance is None:
            return self
        headers = new(self.load)
        headers.environ = instance.environ
        instance.headers = headers
        return headers


cdef class LazyArguments(Lazy):
    cdef readonly object cls
    cdef readonly object default_storage
    cdef readonly object default_query_string

    def __init__(self, load, str name not None, cls, default_storage, default_query_string):
        super().__init__(load, name)
        self.cls = cls
        self.default_storage = default_storage
        self.default_query_string = default_query_string

    def __get__(self, instance, owner):
        if instance is None:
            return self
        if (
            instance._query_string is None
            and instance.parameter_storage_class is self.default_storage
            and type(instance).query_string is self.default_query_string
        ):
            environ = instance.environ
            query = (<dict>environ).get("QUERY_STRING", "") if type(environ) is dict else None
            if type(query) is str and PyUnicode_IS_ASCII(<str>query):
                arguments = parse_arguments(query, self.cls)
                instance.args = arguments
                return arguments
        return self.value_for(instance)


# -------------------------------------------------------------------------
# Proxies
# -------------------------------------------------------------------------


cdef enum:
    APP
    REQUEST
    GLOBALS


cdef class Source:
    cdef object variable
    cdef str attribute
    # Which field of a context that is.
    cdef int field

    def __init__(self, variable, str attribute not None):
        self.variable = variable
        self.attribute = attribute
        self.field = {"app": APP, "request": REQUEST, "g": GLOBALS}[attribute]


cdef object bound_object(proxy):
    """Return the object of a proxy, or `None` if there is none."""
    cdef PyObject *source = _PyType_Lookup(Py_TYPE(proxy), "_source")
    cdef PyObject *value = NULL
    if source == NULL or type(<object>source) is not Source:
        raise TypeError("this class was not created by proxy_class")
    PyContextVar_Get((<Source>source).variable, NULL, &value)
    if value == NULL:
        return None
    context = <object>value
    Py_DECREF(context)  # Cython has counted it once more
    if not isinstance(context, ContextState):
        bound = getattr(context, (<Source>source).attribute)
    elif (<Source>source).field == GLOBALS:
        bound = globals_of(context)
    elif (<Source>source).field == REQUEST:
        bound = (<ContextState>context).request
    else:
        bound = (<ContextState>context).app
    if isinstance(bound, ReadThrough):
        raise RecursionError("the object of a proxy is a proxy")
    return bound


cdef object required_object(proxy):
    bound = bound_object(proxy)
    return proxy._get_current_object() if bound is None else bound


cdef class ReadThrough:
    def __getattribute__(self, name):
        bound = bound_object(self)
        if bound is None:
            return read_unbound(self, name)
        try:
            return getattr(bound, name)
        except AttributeError as error:
            if _PyType_Lookup(Py_TYPE(self), name) == NULL:  # as of nearly all that are missing
                raise
            return read_after_error(self, name, error)

    def __setattr__(self, name, value):
        setattr(required_object(self), name, value)

    def __delattr__(self, name):
        delattr(required_object(self), name)

    def __contains__(self, item):
        return item in required_object(self)

    def __bool__(self):
        bound = bound_object(self)
        return bound is not None and bool(bound)


def proxy_class(str name not None, base, variable, str attribute not None):
    cls = type(name, (ReadThrough, base), {"__slots__": (), "_source": Source(variable, attribute)})
    # Without this, reading goes through Python's `slot_tp_getattr_hook`, because `base` has a `__getattr__`.
    (<TypeObject *>cls).tp_getattro = (<TypeObject *>ReadThrough).tp_getattro
    return cls


# -------------------------------------------------------------------------
# Headers
# -------------------------------------------------------------------------

cdef tuple length_headers = tuple(LENGTH_HEADERS.values())


cdef tuple length_header(Py_ssize_t length):
    return length_headers[length] if length < len(length_headers) else ("Content-Length", str(length))


cdef bint is_plain(str value):
    if not PyUnicode_IS_ASCII(value):
        return False
    cdef const char *text = PyUnicode_1BYTE_DATA(value)
    cdef Py_ssize_t index
    for index in range(len(value)):
        if text[index] < 0x20 or text[index] == 0x7F:
            return False
    return True


def is_plain_value(str value not None):
    return is_plain(value)


# -------------------------------------------------------------------------
# The other parts
# -------------------------------------------------------------------------

include "_applications.pxi"
include "_arguments.pxi"
include "_bodies.pxi"
include "_calls.pxi"
include "_documents.pxi"
include "_headers.pxi"
include "_heads.pxi"
include "_header_objects.pxi"
include "_hook_calls.pxi"
include "_matching.pxi"
include "_multipart.pxi"
include "_quoting.pxi"
include "_responses.pxi"
include "_sending.pxi"
include "_states.pxi"
include "_streams.pxi"
include "_serving.pxi"
include "_urls.pxi"
include "_helpers.pxi"
include "_reports.pxi"
include "_requests.pxi"
include "_wrappers.pxi"
