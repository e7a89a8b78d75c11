# Part of `_compiled.pyx`: the constructor of responses, for a body that is one string.


cdef class ResponseMaker:
    cdef object type_header_of
    cdef dict type_headers, statuses
    cdef TextEncoder encoder

    def __init__(
        self, dict type_headers not None, type_header_of, dict statuses not None, TextEncoder encoder not None
    ):
        self.type_headers = type_headers
        self.type_header_of = type_header_of
        self.statuses = statuses
        self.encoder = encoder

    def constructor(self, general):
        maker = self

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
                content_type is not None
                or direct_passthrough is not False
                or not maker.make(self, response, status, headers, mimetype)
            ):
                general(self, response, status, headers, mimetype, content_type, direct_passthrough)

        return update_wrapper(init, general)

    cdef bint make(self, response, body, status, headers, mimetype) except -1:
        """Set the attributes of a response, or return whether the constructor in Python has to do it."""
        cdef bytes content
        if type(body) is str:
            content = (<str>body).encode()
        elif type(body) is bytes:
            content = body
        else:
            return False
        if headers is not None and type(headers) is not dict:
            return False
        if mimetype is None:
            mimetype = response.default_mimetype
        elif headers is not None and "Content-Type" in <dict>headers:
            return False
        if status is None:
            status = response.default_status
        if type(mimetype) is not str or type(status) is not int:
            return False
        known = self.statuses.get(status)
        if known is None or response._has_short_path is not True:
            return False
        type_header = self.type_headers.get(mimetype)
        if type_header is None:
            type_header = self.type_header_of(mimetype)
            if type_header is None:
                return False
        head = self.encoder.head(len(content), headers, type_header)
        if head is None:
            return False
        response.response = [content]
        response._head = head
        response._status, response._status_code = <tuple>known
        return True
