# Part of `_compiled.pyx`: the content, the status and the headers of a response, however they are written.

cdef extern from "Python.h":
    int PyUnicode_KIND(str text)
    int PyUnicode_1BYTE_KIND
    bytes PyUnicode_AsUTF8String(object text)
    bint PyType_IsSubtype(TypeObject *cls, TypeObject *base)

@final
@no_gc
@freelist(8)
cdef class Answer:
    """A response that is known to be valid, before it is one."""

    cdef bytes content
    # What is sent where there is no content.
    cdef object parts
    cdef list head
    # The special headers in the head.
    cdef int kinds
    # Its line and its code.
    cdef tuple status


@final
cdef class ClassDefaults:
    """What `defaults_of` has read of a class, which has another version after each change of it or its bases."""

    cdef unsigned int version
    cdef tuple type_header
    cdef object status
    # Whether a call of the class is nothing but a call of `init`.
    cdef bint has_usual_constructor


cdef class RequestHandler


cdef class ResponseMaker:
    # What serves requests, from when it is created.
    cdef RequestHandler handler
    cdef object type_header_of, is_uri, iri_to_uri, clean_status
    cdef frozenset entity_headers
    cdef object headers_class, other_headers_class, foreign_class
    # The classes of dicts of headers.
    cdef tuple mappings
    cdef dict type_headers, content_types, statuses
    cdef tuple usual_status
    # Those of the classes in use, by the last bits of their versions.
    cdef list defaults
    # The class of responses, its constructor, and the one in Python.
    cdef object response_class, init, general_init

    def __init__(
        self,
        *,
        dict type_headers not None,
        dict content_types not None,
        type_header_of,
        dict statuses not None,
        clean_status,
        is_uri,
        iri_to_uri,
        frozenset entity_headers not None,
        headers_class,
        other_headers_class,
        foreign_class,
        tuple mappings not None,
    ):
        self.type_headers = type_headers
        self.content_types = content_types
        self.type_header_of = type_header_of
        self.statuses = statuses
        self.usual_status = statuses[200]
        self.is_uri = is_uri
        self.iri_to_uri = iri_to_uri
        self.entity_headers = entity_headers
        self.headers_class = headers_class
        self.other_headers_class = other_headers_class
        self.foreign_class = foreign_class
        self.mappings = mappings
        self.clean_status = clean_status
        self.defaults = [ClassDefaults.__new__(ClassDefaults) for _ in range(16)]

    def constructor(self, general):
        cdef ResponseMaker maker = self

        @binding(True)
        def init(
            self,
            response=None,
            status=None,
            headers=None,
            mimetype=None,
            content_type=None,
            direct_passthrough=False,
        ):
            if (
                direct_passthrough is not False
                or self._has_short_path is not True
                or not maker.construct(self, response, status, headers, mimetype, content_type, None)
            ):
                general(self, response, status, headers, mimetype, content_type, direct_passthrough)

        self.general_init = general
        self.init = update_wrapper(init, general)
        return self.init

    def with_fast_call(self, cls):
        global maker_of_calls
        if self.response_class is None:
            self.response_class = cls
            maker_of_calls = self
        (<TypeObject *>cls).tp_vectorcall = <vectorcallfunc>call_response_class
        return cls

    def function(self, general):
        maker = self

        @binding(True)
        def make_response(*args):
            response = None
            if len(args) > 0 and maker.handler is not None:
                response = maker.handler.response_for(args[0] if len(args) == 1 else args)
            return general(*args) if response is None else response

        return update_wrapper(make_response, general)

    def method(self, general):
        maker = self

        @binding(True)
        def make_response(self, rv):
            response = None if maker.handler is None else maker.handler.response_for(rv)
            return general(self, rv) if response is None else response

        return update_wrapper(make_response, general)

    cdef bint construct(
        self, response, body, status, headers, mimetype, content_type, ClassDefaults defaults
    ) except -1:
        """Set the attributes of a response, or return whether the constructor in Python has to do it.

        Args:
            defaults: Those of its class, if it is a new one; else it may have attributes of its own.
        """
        cdef Answer answer
        if content_type is None:
            is_default = mimetype is None
            if not is_default:
                type_header = self.type_header(mimetype)
            elif defaults is not None:
                type_header = defaults.type_header
            else:
                type_header = self.type_header(response.default_mimetype)
        else:
            is_default = False
            type_header = self.content_type(content_type)
        if type_header is None:
            return False
        content = content_of(body)
        if content is None and isinstance(body, (str, bytes, bytearray, memoryview)):
            return False
        if status is None:
            status = response.default_status if defaults is None else defaults.status
        answer = self.answer(content, status, headers, type_header, is_default)
        if answer is None:
            return False
        if content is None:
            answer.parts = [] if body is None else body
        self.fill(response, answer, defaults is not None)
        if type(headers) is self.headers_class or type(headers) is self.other_headers_class:
            self.share(response, headers, answer.head)
        return True

    cdef int share(self, response, headers, list head) except -1:
        """Make an object that was passed to the constructor the headers of the response, or one with its list."""
        items = headers._list
        (<list>items)[:] = head
        if type(headers) is not self.headers_class:
            headers = new(self.headers_class)
            headers._list = items
        response._headers = headers
        response._head = None
        return 0

    cdef tuple content_type(self, content_type):
        """Return the header for a whole content type, or `None` if Werkzeug has to inspect it."""
        if type(content_type) is not str:
            return None
        type_header = self.content_types.get(content_type)
        if type_header is None and is_plain(<str>content_type):
            return "Content-Type", content_type
        return type_header

    cdef ClassDefaults defaults_of(self, cls):
        """Return the default content type and status of a class of responses."""
        cdef unsigned int version = (<TypeObject *>cls).tp_version_tag
        cdef ClassDefaults found = self.defaults[version & 15]
        if version != 0 and version == found.version:
            return found
        found = ClassDefaults.__new__(ClassDefaults)
        found.type_header = self.type_header(cls.default_mimetype)
        found.status = cls.default_status
        found.has_usual_constructor = (
            cls._has_short_path is True
            and (<TypeObject *>cls).tp_new == PyBaseObject_Type.tp_new
            and _PyType_Lookup(<TypeObject *>cls, "__init__") == <PyObject *>self.init
        )
        found.version = (<TypeObject *>cls).tp_version_tag
        self.defaults[found.version & 15] = found
        return found

    cdef tuple type_header(self, mimetype):
        """Return the content type for a mimetype, or `None` if Werkzeug has to inspect it."""
        if type(mimetype) is not str:
            return None
        type_header = self.type_headers.get(mimetype)
        return self.type_header_of(mimetype) if type_header is None else type_header

    cdef Answer answer(self, bytes content, status, headers, tuple type_header, bint is_default):
        """Return the response to be sent or made, or `None` if one in Python has to do it."""
        cdef Answer answer = Answer.__new__(Answer)
        answer.status = self.status_of(status)
        if answer.status is None:
            return None
        answer.content = content
        cdef Py_ssize_t length = -1 if content is None else len(content)
        cdef list head
        if headers is None:
            answer.head = [type_header] if content is None else [type_header, length_header(length)]
            return answer
        head = self.items_of(headers)
        if head is None:
            return None
        answer.kinds = self.inspect(head, type(headers) is self.headers_class)
        if answer.kinds & UNKNOWN:
            return None
        if not answer.kinds & TYPE:
            head.append(type_header)
        elif not is_default:
            replace_first(head, "content-type", type_header)
        if content is not None:
            if answer.kinds & LENGTH:
                replace_first(head, "content-length", length_header(length))
            else:
                head.append(length_header(length))
        answer.head = head
        return answer

    cdef Answer json_answer(self, DocumentMethods documents, provider, value, status, headers):
        """Return a JSON response, whose headers are set as `set_headers` does; or `None`, as `answer`."""
        cdef Answer answer = Answer.__new__(Answer)
        cdef list items = None
        answer.status = self.status_of(status)
        if answer.status is None:
            return None
        if headers is not None:
            items = self.items_of(headers)
            if items is None:
                return None
            answer.kinds = self.inspect(items, type(headers) is self.headers_class)
            if answer.kinds & (UNKNOWN | LENGTH):
                return None
        content, content_type = documents.content_by(provider, value)
        type_header = self.content_type(content_type)
        if type_header is None:
            return None
        answer.content = content
        length = length_header(len(answer.content))
        answer.head = [length] if answer.kinds & TYPE else [type_header, length]
        if items is not None:
            answer.head += items
        return answer

    cdef tuple status_of(self, status):
        """Return line and code of a status, or `None` if it is not a valid one."""
        if isinstance(status, int) or type(status) is str:  # of a number, such as a member of HTTPStatus
            found = self.statuses.get(status)
            if found is not None:
                return found
        try:
            return self.clean_status(status)
        except Exception:
            return None  # raised again, where it is reported

    cdef list items_of(self, headers):
        """Return headers as a new list of what are perhaps pairs, or `None`."""
        cls = type(headers)
        if cls is self.headers_class or cls is self.other_headers_class:
            headers = headers._list
            return (<list>headers)[:] if type(headers) is list else None
        if cls is list:
            return (<list>headers)[:]
        if cls is dict or cls in self.mappings:
            return items_of_mapping(headers)
        return list(headers) if cls is tuple or cls is DICT_ITEMS else None

    cdef int inspect(self, list items, bint are_valid) except -1:
        return special_headers(items, are_valid, self.is_uri)

    cdef int convert(self, list head) except -1:
        """Convert the locations among headers as they are sent, and return the special headers among them."""
        try:
            convert_locations(head, self.iri_to_uri)
        except ValueError:
            return CONVERTED  # raised again, where it is reported
        return self.inspect(head, True)

    cdef int fill(self, response, Answer answer, bint is_new) except -1:
        """Set the attributes of a response; a new one has the usual status from its class."""
        if not is_new or answer.status is not self.usual_status:
            response._status, response._status_code = answer.status
        if answer.content is not None:
            response.response = [answer.content]
            if not answer.kinds & LOCATIONS:
                response._head = answer.head
                return 0
        else:
            response.response = answer.parts
        headers = new(self.headers_class)
        headers._list = answer.head
        response._headers = headers
        return 0

    cdef object changed(self, tuple value, response_class):
        """Return the response in a tuple, with its status and headers; or the tuple, as `answer` returns `None`."""
        cdef tuple pair = None
        cdef list items
        if not 2 <= len(value) <= 3 or type(value[0]) is str:
            return value
        response = self.adopted(value[0], response_class)
        if not is_plain_response(self, response, response_class):
            return value
        status, headers = (value[1], value[2]) if len(value) == 3 else (None, value[1])
        if len(value) == 2 and isinstance(headers, (int, str)):
            status, headers = headers, None
        if status is not None:
            pair = self.status_of(status)
            if pair is None:
                return value
        if headers is not None:
            items = self.items_of(headers)
            if items is None or not self.set_items(response, items, self.inspect(items, False)):
                return value
        if pair is not None:
            response._status, response._status_code = pair
        return response

    cdef object adopted(self, response, response_class):
        """Return a response of Werkzeug's own, converted by what `force_type` does; or anything else unchanged."""
        if type(response) is not self.foreign_class or response_class is not self.response_class:
            return response
        cdef dict attributes = PyObject_GenericGetDict(response, NULL)
        headers = attributes.get("headers")
        items = headers._list if type(headers) is self.other_headers_class else None
        cdef tuple status = self.status_of(attributes.get("_status"))
        if status is None or type(items) is not list or self.inspect(items, False) & (UNKNOWN | CONVERTED):
            return response
        response.__class__ = response_class
        del attributes["headers"]
        headers = new(self.headers_class)
        headers._list = items
        response._headers = headers
        response._status, response._status_code = status
        return response

    cdef bint set_items(self, response, list items, int kinds) except -1:
        """Replace the headers of a response by new ones, or return whether the function in Python has to do it."""
        head = response._head
        headers = response._headers
        if kinds & UNKNOWN:
            return False
        if headers is None:
            if type(head) is not list or kinds & LOCATIONS:
                return False
            response._head = [item for item in head if not has_name(items, (<tuple>item)[0])] + items
            return True
        head = headers._list if type(headers) is self.headers_class else None
        if type(head) is not list or not are_plain_pairs(head):
            return False
        (<list>head)[:] = [item for item in head if not has_name(items, (<tuple>item)[0])] + items
        return True

    cdef bint finish(self, list head, int kinds, int code, response) except -1:
        """Make a head the one that is sent, or return whether Werkzeug has to do it.

        Args:
            head: Its items; changed.
            kinds: The special headers among them.
            code: The status code.
            response: The response, or the class that it would have.
        """
        if kinds & (CONVERTED | UNKNOWN) or (kinds & LOCATION and response.autocorrect_location_header):
            return False
        if code == 204:
            replace_first(head, "content-length", None)
        elif code == 304:
            head[:] = [item for item in head if (<str>(<tuple>item)[0]).lower() not in self.entity_headers]
        return True


cdef inline bint is_plain_response(ResponseMaker maker, response, response_class) except -1:
    """Return whether an object is a response of a class whose attributes are set and read directly."""
    if type(response) is response_class:
        return True
    if type(response) is str or not PyType_IsSubtype(Py_TYPE(response), <TypeObject *>maker.response_class):
        return False
    return isinstance(response, response_class) and response._has_short_path is True


cdef bytes content_of(body):
    """Return a body as bytes, or `None` if it is not a text that is encoded as usual, or `bytes`."""
    if type(body) is bytes:
        return body
    if type(body) is bytearray:
        return bytes(body)
    if not isinstance(body, str) or (
        type(body) is not str and _PyType_Lookup(Py_TYPE(body), "encode") != STR_ENCODE
    ):
        return None
    try:
        return PyUnicode_AsUTF8String(body)
    except UnicodeEncodeError:
        return None  # raised again, where it is reported


cdef PyObject *STR_ENCODE = _PyType_Lookup(Py_TYPE(""), "encode")
