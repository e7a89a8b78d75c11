# Part of `_compiled.pyx`: headers as objects, which write to the header that they are the value of.


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
        if value if isinstance(value, dict) else value._set:
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
