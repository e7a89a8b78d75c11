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
    cdef set plain_names

    def __init__(self, set plain_names not None):
        self.plain_names = plain_names

    cdef list plain_items(self, headers, key, value):
        """Return the list of headers, if a header may be added to it without being inspected."""
        if type(key) is not str or type(value) is not str or not is_plain(<str>value):
            return None
        if key not in self.plain_names and <str>key != "Content-Type" and <str>key != "Content-Length":
            if not (<str>key == "Location" or <str>key == "Content-Location") or not is_path(<str>value):
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


cdef Py_ssize_t find_in(items, key) except? MISSING:
    return find_header(items, key, 0) if type(key) is str and type(items) is list else UNUSUAL


cdef class ResponseMethods:
    cdef object cls
    cdef set plain_names
    cdef frozenset without_body
    cdef object on_error

    def __init__(self, cls not None, set plain_names not None, frozenset without_body not None, on_error):
        self.cls = cls
        self.plain_names = plain_names
        self.without_body = without_body
        self.on_error = on_error

    def headers(self, general):
        cdef ResponseMethods methods = self

        @binding(True)
        def headers(self):
            found = self._headers
            if found is None:
                head = self._head
                if head is None:
                    return general(self)
                found = new(methods.cls)
                found._list = head
                self._headers = found
                self._head = None
            return found

        return update_wrapper(headers, general)

    def call(self, general):
        cdef ResponseMethods methods = self

        @binding(True)
        def __call__(self, environ, start_response):
            body = self.response
            if isinstance(body, (list, tuple)):
                head = methods.head(self, environ, body)
            else:
                head = methods.head_of_stream(self)
                if head is not None:
                    body = self.get_app_iter(environ)
            if head is None:
                return general(self, environ, start_response)
            try:
                start_response(self._status, head)
            except Exception as error:
                methods.on_error(self, environ, error)
                raise
            return body

        return update_wrapper(__call__, general)

    cdef list head(self, response, environ, body):
        """Return the headers as they are sent, with a body that is as well, or `None` for the general way."""
        if (
            type(environ) is not dict
            or type(body) is not list
            or len(<list>body) != 1
            or type((<list>body)[0]) is not bytes
            or response._on_close
            or (<dict>environ)["REQUEST_METHOD"] == "HEAD"
            or response._status_code in self.without_body
        ):
            return None
        head = response._head
        if head is not None:
            return (<list>head).copy() if type(head) is list else None
        return None if response.direct_passthrough else self.final(response, len(<bytes>(<list>body)[0]))

    cdef list head_of_stream(self, response):
        if response._head is not None or response._status_code in self.without_body:
            return None
        return self.final(response, -1)

    cdef list final(self, response, Py_ssize_t length):
        """Return the headers as they are sent, with the length of a body unless it is -1, or `None`."""
        headers = response._headers
        if type(headers) is not self.cls or response._has_short_path is not True:
            return None
        items = headers._list
        if type(items) is not list:
            return None
        cdef bint has_length = False
        location = ""  # the name of the one that has been found
        for item in <list>items:
            name = (<tuple>item)[0] if type(item) is tuple and len(<tuple>item) == 2 else None
            if type(name) is not str:
                return None
            if name in self.plain_names or <str>name == "Content-Type":
                continue
            if <str>name == "Content-Length":
                has_length = True
                continue
            value = (<tuple>item)[1]
            if (
                not (<str>name == "Location" or <str>name == "Content-Location")
                or <str>name == <str>location
                or type(value) is not str
                or not is_path(value)
                or (<str>name == "Location" and response.autocorrect_location_header)
            ):
                return None
            location = name
        head = (<list>items).copy()
        if length >= 0 and not has_length and response.automatically_set_content_length:
            head.append(length_header(length))
        return head


# -------------------------------------------------------------------------
# Headers as objects
# -------------------------------------------------------------------------


cdef bint is_token_text(str text):
    """Return whether a text is a token, without `*`, which may mark an encoding."""
    cdef Py_ssize_t length = len(text), index
    if length == 0 or not PyUnicode_IS_ASCII(text):
        return False
    cdef const char *letters = PyUnicode_1BYTE_DATA(text)
    for index in range(length):
        if not (
            c"a" <= letters[index] <= c"z" or c"A" <= letters[index] <= c"Z" or c"0" <= letters[index] <= c"9"
            or letters[index] == c"-" or letters[index] == c"_" or letters[index] == c"."
        ):
            return False
    return True


cdef list parts_of(value):
    """Return the parts of the value of a header, between commas."""
    return [part.strip(" ") for part in (<str>value).split(",")]


cdef class HeaderUpdate:
    """Writes an object to the header that it is the value of, whenever it changes."""

    cdef object response
    cdef str name

    def __call__(self, value):
        self.write(value)

    cdef int write(self, value) except -1:
        headers = self.response.headers
        if value:
            headers[self.name] = self.text_of(value)
        elif self.name in headers:
            del headers[self.name]
        return 0

    cdef text_of(self, value):
        cdef list parts = []
        if isinstance(value, dict):
            for key, item in PyDict_Items(value):
                if type(key) is not str or not is_token_text(key):
                    return value.to_header()
                if item is not None:
                    if type(item) is not str or not is_token_text(item):
                        return value.to_header()
                    key = f"{<str>key}={<str>item}"
                parts.append(key)
        else:
            for item in value._headers:
                if type(item) is not str or not is_token_text(item):
                    return value.to_header()
                parts.append(item)
        return parts[0] if len(parts) == 1 else ", ".join(parts)


cdef HeaderUpdate header_update(response, str name):
    cdef HeaderUpdate update = HeaderUpdate.__new__(HeaderUpdate)
    update.response = response
    update.name = name
    return update


def header_set(str name not None, cls not None, general):
    @binding(True)
    def fget(self):
        value = self.headers.get(name)
        names = []
        if value:
            names = parts_of(value) if type(value) is str else [None]
            for item in names:
                if item is None or not is_token_text(item):
                    return general(self)
        found = new(cls)
        found._headers = names
        found._set = {(<str>item).lower() for item in names}
        found.on_update = header_update(self, name)
        return found

    return update_wrapper(fget, general)


def cache_control(cls not None, general):
    @binding(True)
    def fget(self):
        value = self.headers.get("cache-control")
        found = (<TypeObject *>cls).tp_new(<TypeObject *>cls, (), NULL)
        if value:
            if type(value) is not str:
                return general(self)
            for part in parts_of(value):
                key, has_value, item = (<str>part).partition("=")
                if not is_token_text(key) or (has_value and not is_token_text(item)):
                    return general(self)
                PyDict_SetItem(found, key, item if has_value else None)
        found.provided = True
        found.on_update = header_update(self, "Cache-Control")
        return found

    return update_wrapper(fget, general)


def directive_setter(general):
    @binding(True)
    def __setitem__(self, key, value):
        update = self.on_update
        if type(update) is not HeaderUpdate:
            general(self, key, value)
        else:
            PyDict_SetItem(self, key, value)
            (<HeaderUpdate>update).write(self)

    return update_wrapper(__setitem__, general)
