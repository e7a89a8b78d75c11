# Part of `_compiled.pyx`: the parts of a multipart form.


def split_form(body, bytes boundary not None, max_parts):
    if not boundary or type(body) is not bytes:
        return None
    cdef bytes delimiter = b"--" + boundary
    cdef const char *text = PyBytes_AS_STRING(<bytes>body)
    cdef Py_ssize_t length = len(<bytes>body), end
    cdef Py_ssize_t index = end_of_literal(text, 0, length, delimiter)
    if index < 0:
        return None
    cdef list parts = []
    while end_of_literal(text, index, length, b"--") < 0:
        # Whatever begins like the delimiter is one, or the form is not read here.
        end = index_of_literal(text, index, length, delimiter)
        if end < 2 or text[end - 2] != c"\r" or text[end - 1] != c"\n":
            return None
        if max_parts is not None and len(parts) == max_parts:
            return None
        part = part_between(text, index, end - 2)
        if part is None:
            return None
        parts.append(part)
        index = end + len(delimiter)
    return parts


cdef tuple part_between(const char *text, Py_ssize_t start, Py_ssize_t end):
    """Return the part between the delimiters that end at `start` and begin at `end`."""
    cdef Py_ssize_t blank_line = index_of_literal(text, start, end, b"\r\n\r\n")
    cdef Py_ssize_t disposition = end_of_literal(text, start, blank_line, b"\r\nContent-Disposition: ")
    cdef Py_ssize_t name = end_of_literal(text, disposition, blank_line, b'form-data; name="')
    cdef Py_ssize_t name_end = end_of_quoted(text, name, blank_line)
    cdef Py_ssize_t filename = end_of_literal(text, name_end, blank_line, b'"; filename="')
    cdef Py_ssize_t filename_end = end_of_quoted(text, filename, blank_line)
    # The quotation mark after the last of the two.
    cdef Py_ssize_t mark = name_end if filename < 0 else filename_end
    if mark < 0:
        return None
    cdef Py_ssize_t type_start = end_of_literal(text, mark, blank_line, b'"\r\nContent-Type: ')
    if mark + 1 != blank_line and not is_value(text, type_start, blank_line):
        return None
    cdef list headers = []
    try:
        name_text = PyUnicode_DecodeUTF8(text + name, name_end - name, NULL)
        if filename < 0:
            # The charset would be that of the field's text.
            if type_start >= 0 and b"charset" in text[type_start:blank_line].lower():
                return None
            return name_text, None, headers, blank_line + 4, end
        filename_text = PyUnicode_DecodeUTF8(text + filename, filename_end - filename, NULL)
        value = PyUnicode_DecodeUTF8(text + disposition, mark + 1 - disposition, NULL)
    except UnicodeDecodeError:
        return None
    headers.append(("Content-Disposition", value))
    if type_start >= 0:
        value = PyUnicode_DecodeUTF8(text + type_start, blank_line - type_start, NULL)
        headers.append(("Content-Type", value))
    return name_text, filename_text, headers, blank_line + 4, end


cdef Py_ssize_t index_of_literal(const char *text, Py_ssize_t start, Py_ssize_t end, bytes literal):
    """Return where a literal begins, or -1; its first character should be rare."""
    cdef const char *pattern = PyBytes_AS_STRING(literal)
    cdef Py_ssize_t length = len(literal)
    cdef const char *found
    while start + length <= end:
        found = <const char *>memchr(text + start, pattern[0], end - length + 1 - start)
        if found == NULL:
            break
        if memcmp(found, pattern, length) == 0:
            return found - text
        start = found - text + 1
    return -1


cdef Py_ssize_t end_of_literal(const char *text, Py_ssize_t start, Py_ssize_t end, bytes literal):
    """Return where a literal ends that begins at `start`, or -1; so does a negative start."""
    cdef Py_ssize_t length = len(literal)
    if start < 0 or start + length > end or memcmp(text + start, PyBytes_AS_STRING(literal), length) != 0:
        return -1
    return start + length


cdef Py_ssize_t end_of_quoted(const char *text, Py_ssize_t start, Py_ssize_t end):
    """Return where the quotation mark after a plain text is, or -1."""
    cdef char character
    if start < 0:
        return -1
    while start < end:
        character = text[start]
        if character == c'"':
            return start
        if 0 <= character < 0x20 or character == c"%" or character == c"\\" or character == 0x7F:
            return -1
        start += 1
    return -1


cdef bint is_value(const char *text, Py_ssize_t start, Py_ssize_t end):
    """Return whether a text is the value of a header: printable ASCII, without blanks around it."""
    if not 0 <= start < end or text[start] == c" " or text[end - 1] == c" ":
        return False
    while start < end and c" " <= text[start] <= c"~":
        start += 1
    return start == end
