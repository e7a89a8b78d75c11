# Part of `_compiled.pyx`: the headers of a response.
#
# Each method does the plain case, and leaves anything else to the one in Python: names and values that are
# not exactly strings or have to be inspected, and lists of an unexpected form.


cdef enum:
    MISSING = -1
    UNUSUAL = -2  # the list has to be inspected


cdef bint is_same_name(str first, str second):
    """Return whether two names of headers are equal, in upper or lower case."""
    if first is second:
        return True
    if not PyUnicode_IS_ASCII(first) or not PyUnicode_IS_ASCII(second):
        return first.lower() == second.lower()
    cdef Py_ssize_t length = len(first), index
    if length != len(second):
        return False
    cdef const char *left = PyUnicode_1BYTE_DATA(first)
    cdef const char *right = PyUnicode_1BYTE_DATA(second)
    cdef char letter
    for index in range(length):
        if left[index] != right[index]:
            letter = left[index] | 0x20
            if letter != right[index] | 0x20 or letter < c"a" or letter > c"z":
                return False
    return True


cdef Py_ssize_t find_header(list items, str name, Py_ssize_t start) except? MISSING:
    """Return the index of a header, `MISSING` or `UNUSUAL`."""
    cdef Py_ssize_t index
    for index in range(start, len(items)):
        item = items[index]
        if type(item) is not tuple or len(<tuple>item) != 2 or type((<tuple>item)[0]) is not str:
            return UNUSUAL
        if is_same_name(<str>(<tuple>item)[0], name):
            return index
    return MISSING


cdef bint has_name(list items, str name) except -1:
    """Return whether a name is among those of pairs that are known to be valid."""
    for item in items:
        if is_same_name((<tuple>item)[0], name):
            return True
    return False


cdef int delete_headers(list items, str name, Py_ssize_t start) except -1:
    """Delete all headers of a name from an index on; return whether the list is a usual one."""
    cdef Py_ssize_t index
    while True:
        index = find_header(items, name, start)
        if index < 0:
            return index == MISSING
        del items[index]
        start = index


cdef bint are_plain_pairs(list items):
    for item in items:
        if (
            type(item) is not tuple
            or len(<tuple>item) != 2
            or type((<tuple>item)[0]) is not str
            or type((<tuple>item)[1]) is not str
        ):
            return False
    return True


cdef list plain_pairs(arg):
    """Return the pairs of strings that a dict or a list consists of, or `None` if there are others."""
    if type(arg) is dict:
        items = PyDict_Items(arg)
    elif type(arg) is list:
        items = (<list>arg).copy()
    else:
        return None
    return items if are_plain_pairs(items) else None


cdef class HeaderMethods:
    cdef list plain_items(self, headers, key, value):
        """Return the list of headers, if a header may be added to it without being inspected."""
        if type(key) is not str or type(value) is not str or not is_plain(<str>value):
            return None
        if not is_name(<str>key):
            return None
        cdef int kind = special_header(<str>key)
        if kind & LOCATIONS and (kind & CONVERTED or not is_location(<str>value)):
            return None
        items = headers._list
        return items if type(items) is list else None

    cdef bint put(self, headers, key, value) except -1:
        """Replace all headers of a name, or return whether the method in Python has to do it."""
        items = self.plain_items(headers, key, value)
        if items is None:
            return False
        cdef Py_ssize_t index = find_header(items, key, 0)
        if index == UNUSUAL:
            return False
        if index == MISSING:
            (<list>items).append((key, value))
            return True
        if not delete_headers(items, key, index + 1):
            return False
        (<list>items)[index] = (key, value)
        return True

    def setitem(self, general):
        cdef HeaderMethods methods = self

        @binding(True)
        def __setitem__(self, key, value):
            if not methods.put(self, key, value):
                general(self, key, value)

        return update_wrapper(__setitem__, general)

    def with_fast_items(self, cls):
        global methods_of_items, general_assign
        methods_of_items = self
        general_assign = (<TypeObject *>cls).tp_as_mapping.mp_ass_subscript
        (<TypeObject *>cls).tp_as_mapping.mp_ass_subscript = assign_header
        return cls

    def set(self, general):
        cdef HeaderMethods methods = self

        @binding(True)
        def set(self, key, value, /, **kwargs):
            if kwargs or not methods.put(self, key, value):
                general(self, key, value, **kwargs)

        return update_wrapper(set, general)

    def add(self, general):
        cdef HeaderMethods methods = self

        @binding(True)
        def add(self, key, value, /, **kwargs):
            items = None if kwargs else methods.plain_items(self, key, value)
            if items is None:
                general(self, key, value, **kwargs)
            else:
                (<list>items).append((key, value))

        return update_wrapper(add, general)

    def setdefault(self, general):
        cdef HeaderMethods methods = self

        @binding(True)
        def setdefault(self, key, default):
            items = methods.plain_items(self, key, default)
            cdef Py_ssize_t index = UNUSUAL if items is None else find_header(items, key, 0)
            if index == UNUSUAL:
                return general(self, key, default)
            if index != MISSING:
                return (<tuple>(<list>items)[index])[1]
            (<list>items).append((key, default))
            return default

        return update_wrapper(setdefault, general)

    def update(self, general):
        @binding(True)
        def update(self, arg=None, /, **kwargs):
            items = None if kwargs else plain_pairs(arg)
            if items is None:
                general(self, arg, **kwargs)
            else:
                for key, value in <list>items:
                    if type(arg) is dict:
                        self[key] = value
                    else:
                        self.set(key, value)

        return update_wrapper(update, general)

    def extend(self, general):
        @binding(True)
        def extend(self, arg=None, /, **kwargs):
            items = None if kwargs else plain_pairs(arg)
            if items is None:
                general(self, arg, **kwargs)
            else:
                for key, value in <list>items:
                    self.add(key, value)

        return update_wrapper(extend, general)

    def get(self, general):
        @binding(True)
        def get(self, key, default=None, type=None):
            if type is not None:
                return general(self, key, default, type)
            items = self._list
            cdef Py_ssize_t index = find_in(items, key)
            if index == MISSING:
                return default
            return general(self, key, default) if index == UNUSUAL else (<tuple>(<list>items)[index])[1]

        return update_wrapper(get, general)

    def getitem(self, general):
        @binding(True)
        def __getitem__(self, key):
            items = self._list
            cdef Py_ssize_t index = find_in(items, key)
            return general(self, key) if index < 0 else (<tuple>(<list>items)[index])[1]

        return update_wrapper(__getitem__, general)

    def contains(self, general):
        @binding(True)
        def __contains__(self, key):
            cdef Py_ssize_t index = find_in(self._list, key)
            return general(self, key) if index == UNUSUAL else index != MISSING

        return update_wrapper(__contains__, general)

    def remove(self, general):
        @binding(True)
        def remove(self, key):
            items = self._list
            if type(key) is not str or type(items) is not list or not delete_headers(items, key, 0):
                general(self, key)

        return update_wrapper(remove, general)


# What `assign_header` puts a header by, and what else assigns or deletes one: `__setitem__` and `__delitem__`.
cdef HeaderMethods methods_of_items
cdef int (*general_assign)(object headers, object key, PyObject *value) except -1


cdef int assign_header(object headers, object key, PyObject *value) except -1:
    if value != NULL and methods_of_items.put(headers, key, <object>value):
        return 0
    return general_assign(headers, key, value)


cdef Py_ssize_t find_in(items, key) except? MISSING:
    return find_header(items, key, 0) if type(key) is str and type(items) is list else UNUSUAL


cdef bint is_valid_value(str value):
    """Return whether a value consists of Latin-1 characters without control characters other than a tab."""
    if PyUnicode_KIND(value) != PyUnicode_1BYTE_KIND:
        return False
    cdef const unsigned char *text = <const unsigned char *>PyUnicode_1BYTE_DATA(value)
    cdef Py_ssize_t index
    for index in range(len(value)):
        if (text[index] < 0x20 and text[index] != c"\t") or text[index] == 0x7F:
            return False
    return True


cdef bint is_location(str location):
    """Return whether a location is a path, perhaps of a host and with a query, that is sent as it is.

    It recognizes no more than `cocopot.head.is_uri`.
    """
    if not PyUnicode_IS_ASCII(location):
        return False
    cdef const char *text = PyUnicode_1BYTE_DATA(location)
    cdef Py_ssize_t length = len(location), start = begin_of_host(text, length), index
    cdef bint is_query = False
    if start:
        index = index_of(text, c"/", start, length)
        if not is_host(text + start, index - start):
            return False
        start = index
    elif length == 0 or text[0] != c"/" or (length > 1 and text[1] == c"/"):
        return False
    for index in range(start, length):
        if text[index] == c"?":
            if not is_query and index + 1 == length:
                return False
            is_query = True
        elif text[index] != c"%" and not in_path[<unsigned char>text[index]]:
            return False
    return True


cdef Py_ssize_t begin_of_host(const char *text, Py_ssize_t length):
    """Return where the host of a URL begins, or 0 if the text is not one with a usual scheme."""
    if length > 7 and memcmp(text, b"http://", 7) == 0:
        return 7
    return 8 if length > 8 and memcmp(text, b"https://", 8) == 0 else 0
