# Part of `_compiled.pyx`: a response is sent, by itself or by the handler of its request.


cdef class ResponseMethods:
    cdef ResponseMaker maker
    cdef object on_error

    def __init__(self, ResponseMaker maker not None, on_error):
        self.maker = maker
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
                found = new(methods.maker.headers_class)
                found._list = head
                self._headers = found
                self._head = None
            return found

        return update_wrapper(headers, general)

    def call(self, general):
        cdef ResponseMethods methods = self

        @binding(True)
        def __call__(self, environ, start_response):
            body = None
            if type(environ) is dict and self._has_short_path is True:
                body = methods.send(self, <dict>environ, start_response)
            return general(self, environ, start_response) if body is None else body

        return update_wrapper(__call__, general)

    def set_data(self, general):
        cdef ResponseMethods methods = self

        @binding(True)
        def set_data(self, value):
            if not methods.put_content(self, content_of(value)):
                general(self, value)

        return update_wrapper(set_data, general)

    cdef bint put_content(self, response, bytes content) except -1:
        """Set the body and its length, or return whether the method in Python has to do it."""
        items = response._head
        if (
            content is None
            or response._has_short_path is not True
            or response.automatically_set_content_length is not True
        ):
            return False
        if items is None:
            headers = response._headers
            items = headers._list if type(headers) is self.maker.headers_class else None
        if type(items) is not list or not are_plain_pairs(items):
            return False
        cdef Py_ssize_t index = find_header(items, "Content-Length", 0)
        response.response = [content]
        if index == MISSING:
            (<list>items).append(length_header(len(content)))
        else:
            delete_headers(items, "Content-Length", index + 1)
            (<list>items)[index] = length_header(len(content))
        return True

    cdef object send(self, response, dict environ, start_response):
        """Send a response and return its body, or return `None` if the method in Python has to do it."""
        cdef int code = response._status_code
        body = response.response
        if isinstance(body, (list, tuple)):
            body = self.encoded_list(response, body)
            head = None if body is None else self.head_of(response, code, length_of(body))
            if head is None:
                return None
            if environ["REQUEST_METHOD"] == "HEAD" or is_without_body(code):
                body = []
            if response._on_close:
                body = streamed_body(response, body)
        else:
            head = None if is_without_body(code) else self.head_of(response, code, -1)
            if head is None:
                return None
            if environ["REQUEST_METHOD"] == "HEAD":
                body = streamed_body(response, ())
            elif not response.direct_passthrough or response._on_close:
                body = streamed_body(response, body)
        try:
            start_response(response._status, head)
        except Exception as error:
            self.on_error(response, environ, error)
            raise
        return body

    cdef list encoded_list(self, response, body):
        """Return the parts of a body as a list of bytes, or `None` if the method in Python has to send them."""
        if type(body) is list and (len(<list>body) == 0 or (len(<list>body) == 1 and type((<list>body)[0]) is bytes)):
            return body
        if response.direct_passthrough:
            return None
        cdef list parts = []
        for part in body:
            content = content_of(part)
            if content is None:
                return None
            parts.append(content)
        return parts

    cdef list head_of(self, response, int code, Py_ssize_t length):
        """Return the headers as they are sent, with the length of a body unless it is -1, or `None`."""
        cdef int kinds = TYPE | LENGTH
        head = response._head
        if type(head) is list:
            head = (<list>head)[:]
        else:
            headers = response._headers
            if type(headers) is not self.maker.headers_class:
                return None
            head = self.maker.items_of(headers)
            if head is None:
                return None
            kinds = self.maker.inspect(head, True)
            if kinds & CONVERTED:
                kinds = self.maker.convert(head)
        if not self.maker.finish(head, kinds, code, response):
            return None
        if length >= 0 and not kinds & LENGTH and not is_without_body(code):
            if response.automatically_set_content_length is not True:
                return None
            (<list>head).append(length_header(length))
        return head


cdef Py_ssize_t length_of(list parts) except -1:
    cdef Py_ssize_t length = 0
    for part in parts:
        length += len(<bytes>part)
    return length


cdef bint is_without_body(int code):
    return code == 204 or code == 304
