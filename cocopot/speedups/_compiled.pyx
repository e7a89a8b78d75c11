# cython: language_level=3, binding=False
"""What `cocopot.speedups.python` does, compiled. What each is for, and what it takes, stands there.

Both must do the same; `tests/test_speedups.py` compares them. A type in a signature, and one of a variable, is
checked when it is assigned: what is no dict, say, is a `TypeError`.
"""

from cpython.dict cimport PyDict_Items
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_FindChar, PyUnicode_Substring
from libc.string cimport memchr

from cocopot.speedups.python import LENGTH_HEADERS


cdef extern from "Python.h":
    ctypedef struct TypeObject "PyTypeObject":
        object (*tp_new)(TypeObject *kind, object args, PyObject *kwargs)

    TypeObject PyBaseObject_Type
    TypeObject PyDict_Type
    bint PyUnicode_IS_ASCII(str text)
    const char *PyUnicode_1BYTE_DATA(str text)
    PyObject *PyDict_SetDefault(object dictionary, object key, object default) except NULL


cdef bint has(str text, Py_UCS4 sign):
    return PyUnicode_FindChar(text, sign, 0, len(text), 1) >= 0


# -------------------------------------------------------------------------
# Objects
# -------------------------------------------------------------------------


cpdef new(kind):
    if isinstance(kind, type) and (<TypeObject *>kind).tp_new == PyBaseObject_Type.tp_new:
        return PyBaseObject_Type.tp_new(<TypeObject *>kind, (), NULL)
    return object.__new__(kind)


cdef class Lazy:
    cdef readonly object load
    cdef readonly str name

    def __init__(self, load, str name not None = ""):
        self.load = load
        self.name = name

    def __set_name__(self, owner, str name not None):
        self.name = name

    def failed(self, error):
        pass

    def __get__(self, instance, owner):
        return self if instance is None else self.value_for(instance)

    cdef value_for(self, instance):
        try:
            value = self.load(instance)
        except Exception as error:
            self.failed(error)
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
    cdef readonly object kind
    cdef readonly object plain_storage
    cdef readonly object plain_query_string

    def __init__(self, load, str name not None, kind, plain_storage, plain_query_string):
        super().__init__(load, name)
        self.kind = kind
        self.plain_storage = plain_storage
        self.plain_query_string = plain_query_string

    def __get__(self, instance, owner):
        if instance is None:
            return self
        if (
            instance._query_string is None
            and instance.parameter_storage_class is self.plain_storage
            and type(instance).query_string is self.plain_query_string
        ):
            environ = instance.environ
            query = (<dict>environ).get("QUERY_STRING", "") if type(environ) is dict else None
            arguments = plain_arguments(query, self.kind)
            if arguments is not None:
                instance.args = arguments
                return arguments
        return self.value_for(instance)


# -------------------------------------------------------------------------
# Matching
# -------------------------------------------------------------------------


def match_plain(environ, dict hosts not None, config):
    if type(environ) is not dict:
        return None
    path, method = (<dict>environ).get("PATH_INFO"), (<dict>environ).get("REQUEST_METHOD")
    if (
        type(path) is not str
        or not PyUnicode_IS_ASCII(<str>path)
        or not (<str>path).startswith("/")
        or type(method) is not str
        or "HTTP_UPGRADE" in <dict>environ
        or config["TRUSTED_HOSTS"] is not None
        or config["SERVER_NAME"] is not None
    ):
        return None
    cdef dict by_host = hosts.get((<dict>environ).get("wsgi.url_scheme"))
    domain = None if by_host is None else by_host.get((<dict>environ).get("HTTP_HOST"))
    if domain is None:
        return None
    cdef dict pages = domain.pages
    cdef dict rules = domain.index if <str>path == "/" else pages.get(path)
    if rules is not None:
        rule = rules.get(method) or rules.get(None)
        if rule is not None:
            return rule, dict(rule.defaults) if rule.defaults else {}
    return match_plan(domain.lane, (<str>path).split("/"), method)


cdef object match_plan(tuple lane, list parts, str method):
    cdef Py_ssize_t depth = 1
    cdef dict lanes = lane[0]
    while lanes is not None and depth < len(parts):
        following = lanes.get(parts[depth])
        if following is None:
            break
        lane = following
        lanes = lane[0]
        depth += 1
    cdef tuple plans = lane[1]
    cdef tuple plan = plans[len(parts)] if len(parts) < len(plans) else None
    if plan is None:
        return None
    try:
        return plan[0](parts, method, plan) or None
    except ValueError:
        return None


# -------------------------------------------------------------------------
# Arguments
# -------------------------------------------------------------------------


cpdef plain_arguments(query, kind):
    if type(query) is not str or not PyUnicode_IS_ASCII(<str>query):
        return None
    # What is ASCII has a byte for each of its characters.
    cdef const char *text = PyUnicode_1BYTE_DATA(<str>query)
    cdef Py_ssize_t start = 0, end, sign, length = len(<str>query)
    if index_of(text, c"%", 0, length) < length or index_of(text, c"+", 0, length) < length:
        return None
    if isinstance(kind, type) and (<TypeObject *>kind).tp_new == PyDict_Type.tp_new:
        arguments = PyDict_Type.tp_new(<TypeObject *>kind, (), NULL)
    else:
        arguments = dict.__new__(kind)
    while start < length:
        end = index_of(text, c"&", start, length)
        if start < end:
            sign = index_of(text, c"=", start, end)
            add_argument(
                arguments, PyUnicode_Substring(query, start, sign), PyUnicode_Substring(query, sign + 1, end)
            )
        start = end + 1
    return arguments


cdef Py_ssize_t index_of(const char *text, char sign, Py_ssize_t start, Py_ssize_t end):
    """Return where a sign is, or the end."""
    cdef const char *found = <const char *>memchr(text + start, sign, end - start)
    return end if found == NULL else found - text


cdef int add_argument(object arguments, object key, object value) except -1:
    cdef list new_list = [value]
    cdef list values = <object>PyDict_SetDefault(arguments, key, new_list)
    if values is not new_list:
        values.append(value)
    return 0


# -------------------------------------------------------------------------
# Sending a text
# -------------------------------------------------------------------------

cdef tuple length_headers = tuple(LENGTH_HEADERS.values())


cdef tuple length_header(Py_ssize_t length):
    return length_headers[length] if length < len(length_headers) else ("Content-Length", str(length))


def text_answer(str text not None, dict headers, tuple type_header, set plain_names, kind_of_header):
    cdef bytes body = text.encode()
    if headers is None:
        return [body], [type_header, length_header(len(body))]
    cdef list head = PyDict_Items(headers)
    cdef bint has_type = False
    for name, value in head:
        if type(name) is not str or type(value) is not str or has(<str>value, c"\n") or has(<str>value, c"\r"):
            return None
        if name in plain_names:
            continue
        if <str>name == "Content-Type":
            has_type = True
        elif kind_of_header(name):
            return None
    if not has_type:
        head.append(type_header)
    head.append(length_header(len(body)))
    return [body], head
