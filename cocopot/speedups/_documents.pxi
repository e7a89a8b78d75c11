# Part of `_compiled.pyx`: JSON, and the body of a request in one piece.
#
# Each function does the plain case, and leaves anything else to the one in Python.

from libc.string cimport memcpy

cdef extern from *:
    """
    /* `list.pop` without releasing the memory, which the next `append` needs again. */
    static PyObject *take_last(PyObject *list) {
        Py_SET_SIZE(list, Py_SIZE(list) - 1);
        return PyList_GET_ITEM(list, Py_SIZE(list));
    }
    """
    object take_last(list items)

from cocopot.speedups.documents import AS_ASCII, COMPACT, MAX_DEPTH, SORTED, raise_too_large

cdef long COMPACT_KEY = COMPACT
cdef long ASCII_KEY = AS_ASCII
cdef long SORTED_KEY = SORTED


def finite_float(str text not None):
    value = float(text)
    if value - value:  # infinity minus infinity is not a number, which is true
        raise_too_large(text)
    return value


def config_flag(str key not None):
    def decorate(general):
        @binding(True)
        def fget(self):
            return bool(config_value(self.config, key))

        fget = update_wrapper(fget, general)
        fget.config_key = key
        return fget

    return decorate


cdef class DocumentMethods:
    cdef object dumps_method, content_method, encode_unsorted, scan

    def __init__(self, *, encode_unsorted, scan):
        self.encode_unsorted = encode_unsorted
        self.scan = scan

    def dumps(self, general):
        self.dumps_method = general
        return general

    def content(self, general):
        cdef DocumentMethods methods = self

        @binding(True)
        def _content(self, value):
            found = methods.written(self, value)
            return general(self, value) if found is None else found

        self.content_method = update_wrapper(_content, general)
        return self.content_method

    cdef tuple content_by(self, provider, value):
        """Return what the method `_content` of a provider returns."""
        found = None
        if _PyType_Lookup(Py_TYPE(provider), "_content") == <PyObject *>self.content_method:
            found = self.written(provider, value)
        return provider._content(value) if found is None else found

    cdef tuple written(self, provider, value):
        """Return the body and the content type of a response, or `None` if a method in Python has to."""
        if provider._has_settings or _PyType_Lookup(Py_TYPE(provider), "dumps") != <PyObject *>self.dumps_method:
            return None
        app = provider.app
        config = (<ApplicationState>app).config if isinstance(app, ApplicationState) else None
        if config is None:
            config = app.config
        is_compact = config_value(config, "JSON_COMPACT")
        if is_compact is None:
            if isinstance(app, ApplicationState) and (<ApplicationState>app).has_usual_debug:
                is_compact = not config_value(config, "DEBUG")
            else:
                is_compact = not app.debug
        if not is_compact:
            return None
        cdef long key = COMPACT_KEY
        if config_value(config, "JSON_AS_ASCII"):
            key |= ASCII_KEY
        if config_value(config, "JSON_SORT_KEYS"):
            key |= SORTED_KEY
        prepared = (<dict?>provider._encoders).get(key)
        if prepared is None:
            return None
        cdef list idle = (<tuple?>prepared)[1]
        if not idle:  # the first call, or other threads are writing
            return None
        encode = take_last(idle)
        failure = None
        try:
            text = "".join(encode(value, 0))
        except (TypeError, ValueError) as error:
            failure = error
        if failure is None:
            idle.append(encode)  # not after an error: it still holds the containers that it was in
        else:
            text = self.encode_unsorted((<tuple>prepared)[0], value, failure)
        return line_of(text), config_value(config, "JSON_MIMETYPE")

    def loads(self, general):
        scan = self.scan

        @binding(True)
        def loads(self, s, **kwargs):
            if kwargs or type(s) is not bytes:
                return general(self, s, **kwargs)
            value = parsed(<bytes>s, scan)
            return general(self, s) if value is NOT_PARSED else value

        return update_wrapper(loads, general)


cdef object NOT_PARSED = object()
cdef Py_ssize_t MOST_LEVELS = MAX_DEPTH


cdef bytes line_of(str text):
    """Return a text with a line feed, as it is sent."""
    if not PyUnicode_IS_ASCII(text):
        return f"{text}\n".encode("utf-8", "backslashreplace")
    cdef Py_ssize_t length = len(text)
    cdef bytes line = PyBytes_FromStringAndSize(NULL, length + 1)
    cdef char *written = PyBytes_AS_STRING(line)
    memcpy(written, PyUnicode_1BYTE_DATA(text), length)
    written[length] = c"\n"
    return line


cdef object parsed(bytes text, scan):
    """Return the value of an object or array in UTF-8, or `NOT_PARSED`."""
    cdef const char *start = PyBytes_AS_STRING(text)
    cdef Py_ssize_t length = len(text)
    # Any other encoding would have a null byte.
    if length < 2 or (start[0] != c"{" and start[0] != c"[") or start[1] == 0:
        return NOT_PARSED
    if length > MOST_LEVELS and is_deeper(start, length):
        return NOT_PARSED
    decoded = text.decode()
    try:
        value, end = scan(decoded, 0)
    except StopIteration:
        return NOT_PARSED
    return value if end == len(decoded) or not decoded[end:].strip(" \t\n\r") else NOT_PARSED


cdef bint is_deeper(const char *text, Py_ssize_t length):
    """Return whether arrays and objects in a JSON text are nested more than `MOST_LEVELS` levels."""
    cdef Py_ssize_t index = 0, levels = 0
    while index < length:
        if text[index] == c'"':
            index = end_of_string(text, index, length)
        elif text[index] == c"{" or text[index] == c"[":
            levels += 1
            if levels > MOST_LEVELS:
                return True
        elif text[index] == c"}" or text[index] == c"]":
            levels -= 1
        index += 1
    return False


cdef Py_ssize_t end_of_string(const char *text, Py_ssize_t start, Py_ssize_t length):
    """Return the index of the quotation mark that ends a string, or the length if there is none."""
    cdef Py_ssize_t end = start, backslashes
    cdef const char *found
    while True:
        found = <const char *>memchr(text + end + 1, c'"', length - end - 1)
        if found == NULL:
            return length
        end = found - text
        backslashes = 0
        while text[end - 1 - backslashes] == c"\\":  # the mark at the start is not one
            backslashes += 1
        if backslashes % 2 == 0:
            return end


def body_reader(general, read_rest, raise_read_error, Py_ssize_t longest):
    @binding(True)
    def read_body(environ, max_length):
        cdef Py_ssize_t length = announced_length(environ, longest)
        if length <= 0 or (max_length is not None and max_length < length):
            return general(environ, max_length)
        stream = environ["wsgi.input"]
        try:
            data = stream.read(length)
        except Exception as error:
            raise_read_error(error)
            raise
        return data if len(data) == length else read_rest(stream, data, length)

    return update_wrapper(read_body, general)


cdef Py_ssize_t announced_length(environ, Py_ssize_t longest):
    """Return the length of a body that is read in one piece, or -1 if it has to be inspected."""
    if type(environ) is not dict or "HTTP_TRANSFER_ENCODING" in <dict>environ:
        return -1
    announced = (<dict>environ).get("CONTENT_LENGTH")
    if type(announced) is not str or not PyUnicode_IS_ASCII(<str>announced) or len(<str>announced) > 9:
        return -1
    cdef const char *digits = PyUnicode_1BYTE_DATA(<str>announced)
    cdef Py_ssize_t length = 0, index
    for index in range(len(<str>announced)):
        if not c"0" <= digits[index] <= c"9":
            return -1
        length = 10 * length + digits[index] - c"0"
    return length if length <= longest else -1


#: Attributes that an instance has if it has been read or changed.
cdef tuple READ_BEFORE = ("_cached_data", "_cached_json", "body_is_read", "json_module", "shallow", "stream")


def json_reader(general, headers_class, read_body):
    @binding(True)
    def get_json(self, force=False, silent=False, cache=True):
        if cache is not True or self._has_plain_bodies is not True or self.app is None:
            return general(self, force, silent, cache)
        cdef dict attributes = self.__dict__
        if not has_plain_json(attributes, self.environ, headers_class):
            return general(self, force, silent, cache)
        data = read_body(self.environ, self.max_content_length)
        if data is None:
            return general(self, force, silent, cache)
        attributes["body_is_read"] = True
        attributes["_cached_data"] = data
        try:
            value = self.app.json.loads(data)
        except (ValueError, RecursionError) as error:
            return self._note_json_failure(error, silent)
        attributes["_cached_json"] = value, value
        return value

    return update_wrapper(get_json, general)


cdef bint has_none(tuple names, dict attributes) except -1:
    """Return whether an instance has none of some attributes."""
    for name in names:
        if name in attributes:
            return False
    return True


cdef bint is_unread(tuple names, dict attributes, environ, headers_class) except -1:
    """Return whether an instance has none of some attributes, and the headers that were sent."""
    if not has_none(names, attributes):
        return False
    headers = attributes.get("headers")
    return type(environ) is dict and (
        headers is None or (type(headers) is headers_class and headers.environ is environ)
    )


cdef bint has_plain_json(dict attributes, environ, headers_class) except -1:
    """Return whether nothing of a body has been read, and it is JSON by the content type that was sent."""
    if not is_unread(READ_BEFORE, attributes, environ, headers_class):
        return False
    content_type = attributes.get("_content_type")
    if content_type is None:
        content_type = (<dict>environ).get("CONTENT_TYPE")
    if type(content_type) is not str or not (
        <str>content_type == "application/json" or (<str>content_type).startswith("application/json;")
    ):
        return False
    attributes["_content_type"] = content_type  # from now on, also if the headers are replaced
    return True
