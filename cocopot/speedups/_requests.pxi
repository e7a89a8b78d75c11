# Part of `_compiled.pyx`: arguments, cookies and the form of a request.
#
# Each function does the plain case, and leaves anything else to the one in Python.

from io import BytesIO

from cocopot.speedups.multipart import BOUNDARY_CHARACTERS, MAX_BOUNDARY


def argument_getter(general):
    @binding(True)
    def get(self, key, default=None, type=None):
        if not isinstance(self, dict):
            return general(self, key, default, type)
        cdef PyObject *found = PyDict_GetItemWithError(self, key)
        if found == NULL or not <object>found:
            return default
        value = (<object>found)[0]
        if type is None:
            return value
        try:
            return type(value)
        except (ValueError, TypeError):
            return default

    return update_wrapper(get, general)


def plain_cookies(header, cls):
    if type(header) is not str or not PyUnicode_IS_ASCII(<str>header):
        return None
    cookies = new_arguments(cls)
    cdef const char *text = <const char *>PyUnicode_1BYTE_DATA(header)
    cdef Py_ssize_t start = 0, delimiter, end, length = len(<str>header)
    while start < length:
        delimiter = start
        while delimiter < length and is_in_cookie(text[delimiter]) and text[delimiter] != c"=":
            delimiter += 1
        if delimiter == start or delimiter == length or text[delimiter] != c"=":
            return None
        end = delimiter + 1
        while end < length and is_in_cookie(text[end]):
            end += 1
        name = PyUnicode_Substring(header, start, delimiter)
        add_argument(cookies, name, PyUnicode_Substring(header, delimiter + 1, end))
        if end == length:
            return cookies
        if text[end] != c";":
            return None
        start = end + 2 if end + 1 < length and text[end + 1] == c" " else end + 1
        if start == length:
            return None
    return cookies


cdef bint is_in_cookie(char character):
    return character != c";" and character != c" " and character != c'"' and character != c"\t"


#: Attributes that an instance has if its body or its form has been read, or how they are read was changed.
cdef tuple READ_FORM_BEFORE = (*READ_BEFORE, "_form_failure", "files", "form", "parameter_storage_class")


cdef class FormMethods:
    cdef object headers_class, read_body, open_stream, arguments_class, storage_class
    cdef Py_ssize_t longest

    def __init__(
        self, *, headers_class, read_body, open_stream, arguments_class, storage_class, Py_ssize_t longest
    ):
        self.headers_class = headers_class
        self.read_body = read_body
        self.open_stream = open_stream
        self.arguments_class = arguments_class
        self.storage_class = storage_class
        self.longest = longest

    def form(self, general):
        cdef FormMethods methods = self

        @binding(True)
        def load_form(request):
            return methods.attribute(request, "form") if methods.read_form(request) else general(request)

        return update_wrapper(load_form, general)

    def files(self, general):
        cdef FormMethods methods = self

        @binding(True)
        def load_files(request):
            return methods.attribute(request, "files") if methods.read_form(request) else general(request)

        return update_wrapper(load_files, general)

    def data(self, general):
        cdef FormMethods methods = self

        @binding(True)
        def load_data(request):
            return methods.read_data(request) if methods.is_plain(request) else general(request)

        return update_wrapper(load_data, general)

    def body(self, general):
        cdef FormMethods methods = self

        @binding(True)
        def get_data(self, cache=True, as_text=False, parse_form_data=False):
            if cache is not True or parse_form_data is not False or not methods.is_plain_body(self):
                return general(self, cache, as_text, parse_form_data)
            data = methods.read_unparsed(self, announced_length(self.environ, methods.longest), self.max_content_length)
            if data is None:
                return general(self, cache, as_text)
            return data.decode(errors="replace") if as_text else data

        return update_wrapper(get_data, general)

    cdef object attribute(self, request, str name):
        return (<dict>request.__dict__)[name]

    cdef bint is_plain(self, request) except -1:
        """Return whether a class leaves the parsing of a form to Cocopot, and nothing has been read."""
        return (
            isinstance(request, RequestState)
            and request._has_plain_bodies is True
            and request._has_plain_forms is True
            and request.parameter_storage_class is self.storage_class
            and is_unread(READ_FORM_BEFORE, request.__dict__, (<RequestState>request).environ, self.headers_class)
        )

    cdef bint is_plain_body(self, request) except -1:
        """Return whether a class leaves the reading of a body to Cocopot, and nothing has been read."""
        return (
            isinstance(request, RequestState)
            and request._has_plain_bodies is True
            and type((<RequestState>request).environ) is dict
            and has_none(READ_BEFORE, request.__dict__)
        )

    cdef int set_form(self, dict attributes, form) except -1:
        attributes["form"] = form
        attributes["files"] = new_arguments(self.storage_class)
        attributes["form_is_parsed"] = True
        return 0

    cdef bint read_form(self, request) except -1:
        """Read a plain form, and return whether it has been read; else the function in Python has to."""
        if not self.is_plain(request):
            return False
        cdef dict attributes = request.__dict__
        cdef dict environ = (<RequestState>request).environ
        content_type = sent_type(attributes, environ)
        cdef Py_ssize_t length = announced_length(environ, self.longest)
        if content_type is None and has_no_body(environ):
            self.set_form(attributes, new_arguments(self.storage_class))
            return True
        if length <= 0 or type(content_type) is not str:
            return False
        if (<str>content_type).startswith("multipart/form-data;"):
            return self.read_multipart(request, attributes, environ, content_type, length)
        if not (
            <str>content_type == "application/x-www-form-urlencoded"
            or (<str>content_type).startswith("application/x-www-form-urlencoded;")
        ):
            return False
        app = (<RequestState>request).app
        if app is not None and config_value(app.config, "DEBUG"):
            return False
        attributes["_content_type"] = content_type  # from now on, also if the headers are replaced
        attributes.setdefault("content_length", length)
        try:
            data = self.read_body(environ, request.max_content_length)
            if data is None:
                return False
            attributes["body_is_read"] = True
            form = parse_arguments((<bytes?>data).decode(), self.arguments_class)
        except Exception as error:
            request._note_form_failure(error)
            raise
        self.set_form(attributes, form)
        return True

    cdef bint read_multipart(
        self, request, dict attributes, dict environ, str content_type, Py_ssize_t length
    ) except -1:
        """Do the same for a multipart form; one that is not plain is left to be parsed from a stream."""
        cdef bytes boundary = plain_boundary(content_type)
        most = request.max_form_memory_size
        if boundary is None or (most is not None and most < length):
            return False
        if attributes.get("content_length", length) != length:
            return False
        attributes["_content_type"] = content_type  # from now on, also if the headers are replaced
        attributes["content_length"] = length
        try:
            data = self.read_body(environ, request.max_content_length)
            if data is None:
                return False
            attributes["body_is_read"] = True
            parts = split_form(data, boundary, request.max_form_parts)
            if parts is None:
                attributes["stream"] = BytesIO(data)
                return False
            self.set_parts(request, attributes, data, parts, length)
        except Exception as error:
            request._note_form_failure(error)
            raise
        return True

    cdef int set_parts(self, request, dict attributes, bytes data, list parts, Py_ssize_t length) except -1:
        form, files = new_arguments(self.arguments_class), new_arguments(self.storage_class)
        cdef const char *text = PyBytes_AS_STRING(data)
        cdef Py_ssize_t start, end
        for part in parts:
            name, filename, _, start, end = <tuple>part
            if filename is None:
                add_argument(form, name, PyUnicode_DecodeUTF8(text + start, end - start, "replace"))
            else:
                add_argument(files, name, request._make_file(data, part, length))
        attributes.update(form=form, files=files, form_is_parsed=True)
        if files:
            (<RequestState>request).holds_files = True
        return 0

    cdef object read_data(self, request):
        """Return a body that is not a form, as `get_data` in Python does after it has looked for a form."""
        cdef dict attributes = request.__dict__
        cdef dict environ = (<RequestState>request).environ
        content_type = sent_type(attributes, environ)
        cdef Py_ssize_t length = announced_length(environ, self.longest)
        cdef bint is_chunked = length < 0 and environ.get("HTTP_TRANSFER_ENCODING") == "chunked"
        most = request.max_content_length
        if is_type_of_form(content_type) or (length > 0 and most is not None and most < length) or not (
            length > 0 or is_chunked or (content_type is None and has_no_body(environ))
        ):
            return request.get_data(parse_form_data=True)
        # From now on, also if the headers are replaced.
        attributes["_content_type"] = "" if content_type is None else content_type
        if content_type is not None:
            attributes.setdefault("content_length", None if is_chunked else length)
        if is_chunked:
            try:
                attributes["stream"] = self.open_stream(environ, most)
            except Exception as error:
                request._note_form_failure(error)
                raise
        self.set_form(attributes, new_arguments(self.storage_class))
        return self.read_unparsed(request, length, most)

    cdef object read_unparsed(self, request, Py_ssize_t length, most):
        """Return the body, or `None` if the function in Python has to read it."""
        cdef dict attributes = request.__dict__
        cdef dict environ = (<RequestState>request).environ
        if length <= 0 and environ.get("HTTP_TRANSFER_ENCODING") == "chunked":
            stream = attributes.get("stream")
            if stream is None:
                stream = attributes["stream"] = self.open_stream(environ, most)
            data = (<InputReader?>stream.reader).read()
        elif length > 0 or has_no_body(environ):
            data = self.read_body(environ, most) if length > 0 else b""
            if data is None:
                return None
            attributes["body_is_read"] = True
        else:
            return None
        attributes["_cached_data"] = data
        return data


cdef bytes plain_boundary(str content_type):
    """Return the boundary of a multipart form, or `None` if the content type has to be parsed."""
    cdef Py_ssize_t start = len("multipart/form-data;boundary="), length = len(content_type), index
    if content_type.startswith("multipart/form-data; boundary="):
        start += 1
    elif not content_type.startswith("multipart/form-data;boundary="):
        return None
    if not PyUnicode_IS_ASCII(content_type) or not start < length <= start + LONGEST_BOUNDARY:
        return None
    cdef const char *text = PyUnicode_1BYTE_DATA(content_type)
    for index in range(start, length):
        if not in_boundary[<unsigned char>text[index]]:
            return None
    return text[start:length]


cdef Py_ssize_t LONGEST_BOUNDARY = MAX_BOUNDARY
cdef bint[128] in_boundary
for character in range(128):
    in_boundary[character] = chr(character) in BOUNDARY_CHARACTERS


cdef bint has_no_body(dict environ) except -1:
    return (
        "CONTENT_LENGTH" not in environ
        and "HTTP_TRANSFER_ENCODING" not in environ
        and not environ.get("wsgi.input_terminated")
    )


cdef object sent_type(dict attributes, dict environ):
    """Return the content type of a request, or `None` if it is empty or there is none."""
    content_type = attributes.get("_content_type")
    if content_type is None:
        content_type = environ.get("CONTENT_TYPE")
    return content_type or None


cdef bint is_type_of_form(content_type) except -1:
    """Return whether a content type may be that of a form."""
    if content_type is None:
        return False
    if type(content_type) is not str:
        return True
    cdef str start = (<str>content_type).lstrip().lower()
    return start.startswith("application/x-www-form-urlencoded") or start.startswith("multipart/form-data")


cdef bint has_plain_length(dict environ):
    length = environ.get("CONTENT_LENGTH")
    if not length:
        return True
    return (
        type(length) is str and PyUnicode_IS_ASCII(<str>length) and (<str>length).isdecimal() and len(<str>length) <= 20
    )


def method_loader(general):
    @binding(True)
    def load_method(request):
        method = request.environ.get("REQUEST_METHOD", "GET")
        return method if type(method) is str and (<str>method).isupper() else method.upper()

    return update_wrapper(load_method, general)
