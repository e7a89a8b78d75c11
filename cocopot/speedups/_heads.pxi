# Part of `_compiled.pyx`: the head of a response as a list, and the special headers in it.

from cocopot.speedups.headers import NAME_CHARACTERS


cdef extern from "Python.h":
    long PyLong_AsLongAndOverflow(object number, int *overflow) except? -1

# The special headers that a list contains.
cdef enum:
    TYPE = 1
    LENGTH = 2
    LOCATION = 4
    CONTENT_LOCATION = 8
    # A location is not sent as it is: Werkzeug makes the headers.
    CONVERTED = 16
    # The constructor in Python has to inspect the headers.
    UNKNOWN = 32

cdef int LOCATIONS = LOCATION | CONTENT_LOCATION

cdef bint[128] in_name
for character in range(128):
    in_name[character] = chr(character) in NAME_CHARACTERS


cdef bint is_name(str name):
    """Return whether a text is the name of a header: a token (RFC 9110, 5.1)."""
    return PyUnicode_IS_ASCII(name) and len(name) > 0 and consists_of(in_name, name)


cdef int special_header(str name):
    """Return which special header has a name, or 0; a location that is not spelled as usual is converted."""
    cdef Py_ssize_t length = len(name)
    if length == 8 and is_same_name(name, "Location"):
        return LOCATION if name == "Location" else LOCATION | CONVERTED
    if length == 12 and is_same_name(name, "Content-Type"):
        return TYPE
    if length == 14 and is_same_name(name, "Content-Length"):
        return LENGTH
    if length == 16 and is_same_name(name, "Content-Location"):
        return CONTENT_LOCATION if name == "Content-Location" else CONTENT_LOCATION | CONVERTED
    return 0


cdef int special_headers(list items, bint are_valid, is_uri) except -1:
    """Return the special headers among pairs; replace values that are an `int` by their text.

    Args:
        items: The pairs.
        are_valid: Whether the pairs have been checked when they were set.
        is_uri: Returns whether a location that is not a plain one is sent as it is.
    """
    cdef int kinds = 0, kind
    cdef Py_ssize_t index
    cdef int is_too_large
    for index in range(len(items)):
        item = items[index]
        if type(item) is list and not are_valid:
            items[index] = item = tuple(item)
        if type(item) is not tuple or len(<tuple>item) != 2:
            return UNKNOWN
        name, value = <tuple>item
        if type(name) is not str or not is_name(<str>name):
            return UNKNOWN
        if type(value) is not str:
            if type(value) is not int or are_valid:
                return UNKNOWN
            PyLong_AsLongAndOverflow(value, &is_too_large)
            if is_too_large:
                return UNKNOWN
            value = str(value)
            items[index] = (name, value)
        elif not are_valid and not is_valid_value(<str>value):
            return UNKNOWN
        kind = special_header(<str>name)
        if kind & LOCATIONS and not is_location(<str>value) and not is_uri(value):
            if not are_valid and "//" in <str>value:
                return UNKNOWN
            kind |= CONVERTED
        if kind & kinds & LOCATIONS:
            kind |= CONVERTED
        kinds |= kind
    return kinds


cdef int convert_locations(list head, iri_to_uri) except -1:
    """Convert the locations among headers as they are sent, by a function that raises `ValueError`."""
    cdef Py_ssize_t index
    for index in range(len(head)):
        name, value = <tuple>head[index]
        if special_header(name) & LOCATIONS:
            head[index] = (name, iri_to_uri(value))
    return 0


cdef int replace_first(list items, str lower, tuple header) except -1:
    """Replace the first header of a name, and remove the others; or remove all, if there is no new one."""
    cdef list kept = []
    for item in items:
        if (<str>(<tuple>item)[0]).lower() != lower:
            kept.append(item)
        elif header is not None:
            kept.append(header)
            header = None
    items[:] = kept
    return 0


cdef object DICT_ITEMS = type({}.items())


cdef list items_of_mapping(mapping):
    """Return the names and values of a dict, or of one of lists, of which each value is one of its own."""
    cdef list items = PyDict_Items(mapping), expanded = None
    for item in items:
        value = (<tuple>item)[1]
        if type(value) is list or type(value) is tuple:
            expanded = []
            break
    if expanded is None:
        return items
    for name, value in items:
        if type(value) is list or type(value) is tuple:
            expanded += [(name, single) for single in value]
        else:
            expanded.append((name, value))
    return expanded
