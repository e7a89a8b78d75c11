# Part of `_compiled.pyx`: URLs that need no conversion, and quoting.

from cocopot.speedups.quoting import ALWAYS_SAFE, DEFAULT_PORTS, PATH_CHARACTERS, QUERY_CHARACTERS


def plain_host(header, scheme):
    if type(header) is not str or not PyUnicode_IS_ASCII(<str>header) or len(<str>header) > 255:
        return None
    cdef const char *text = PyUnicode_1BYTE_DATA(<str>header)
    cdef Py_ssize_t length = len(<str>header)
    cdef Py_ssize_t end = end_of_name(text, length, False)
    if end == length:
        return header
    if not is_port(text, end, length):
        return None
    return (<str>header)[:end] if DEFAULT_PORTS.get(scheme) == (<str>header)[end + 1:] else header


cdef bint is_plain_host(header):
    if type(header) is not str or not PyUnicode_IS_ASCII(<str>header) or len(<str>header) > 255:
        return False
    cdef const char *text = PyUnicode_1BYTE_DATA(<str>header)
    cdef Py_ssize_t length = len(<str>header)
    cdef Py_ssize_t end = end_of_name(text, length, False)
    return end == length or is_port(text, end, length)


def plain_url(scheme, host, path, query="", bint is_iri=False):
    if type(host) is not str or type(path) is not str or (scheme != "http" and scheme != "https"):
        return None
    if not PyUnicode_IS_ASCII(<str>host):
        return None
    if not is_host(PyUnicode_1BYTE_DATA(<str>host), len(<str>host)):
        return None
    if len(<str>path) and (<str>path)[0] != u"/":
        return None
    if not (consists_of(in_path, <str>path) if PyUnicode_IS_ASCII(<str>path) else is_iri and is_iri_path(<str>path)):
        return None
    if type(query) is str and len(<str>query) == 0:
        return f"{scheme}://{<str>host}{<str>path}"
    if type(query) is not str or not PyUnicode_IS_ASCII(<str>query) or not consists_of(in_query, <str>query):
        return None
    return f"{scheme}://{<str>host}{<str>path}?{<str>query}"


def redirect_body(str location not None):
    link = location
    if not PyUnicode_IS_ASCII(location) or not consists_of(in_link, location):
        from html import escape  # which most locations do not need

        link = escape(location)
    return (
        "<!doctype html>\n<html lang=en>\n<title>Redirect</title>\n"
        f'<p>This page has another address: <a href="{link}">{link}</a>\n'
    )


cdef bint is_iri_path(str path):
    """Return whether a path has no other characters outside ASCII than letters and digits."""
    cdef Py_UCS4 character
    for character in path:
        if not (in_path[character] if character < 128 else character.isalnum()):
            return False
    return True


cdef bint consists_of(const bint *characters, str text):
    """Return whether all characters of a text that is ASCII are in a table."""
    cdef const char *data = PyUnicode_1BYTE_DATA(text)
    cdef Py_ssize_t index
    for index in range(len(text)):
        if not characters[<unsigned char>data[index]]:
            return False
    return True


cdef bint[128] in_path, in_query, in_link
for character in range(128):
    in_link[character] = chr(character) not in """&<>"'"""
    in_path[character] = chr(character) in PATH_CHARACTERS
    in_query[character] = chr(character) in QUERY_CHARACTERS


cdef bint is_host(const char *text, Py_ssize_t length):
    """Return whether a text is the name of a host in lower case, perhaps with a port."""
    cdef Py_ssize_t end = end_of_name(text, length, True)
    return end == length or is_port(text, end, length)


cdef Py_ssize_t end_of_name(const char *text, Py_ssize_t length, bint is_lower):
    """Return where the name of a host ends, or -1 if it is not a plain one."""
    cdef Py_ssize_t index, begin = 0
    cdef char character
    for index in range(length):
        character = text[index]
        if c"a" <= character <= c"z" or c"0" <= character <= c"9" or character == c"-" or character == c"_":
            continue
        if c"A" <= character <= c"Z" and not is_lower:
            continue
        if not is_label(text, begin, index, is_lower):
            return -1
        if character == c":":
            return index
        if character != c".":
            return -1
        begin = index + 1
    return length if is_label(text, begin, length, is_lower) else -1


cdef bint is_label(const char *text, Py_ssize_t begin, Py_ssize_t end, bint is_lower):
    if not 0 < end - begin <= 63:
        return False
    return not is_lower or end - begin < 4 or memcmp(text + begin, b"xn--", 4) != 0


cdef bint is_port(const char *text, Py_ssize_t colon, Py_ssize_t length):
    """Return whether a port of up to four digits is between a colon and the end."""
    if colon < 0 or not 1 < length - colon <= 5 or text[colon + 1] == c"0":
        return False
    for colon in range(colon + 1, length):
        if not c"0" <= text[colon] <= c"9":
            return False
    return True

cdef class Quoter:
    cdef bint[128] safe

    def __init__(self, str safe not None):
        cdef Py_ssize_t code
        for code in range(128):
            self.safe[code] = chr(code) in ALWAYS_SAFE or chr(code) in safe

    def __call__(self, text):
        if isinstance(text, str):
            if type(text) is not str:
                text = str.__str__(text)
            if PyUnicode_IS_ASCII(<str>text) and consists_of(self.safe, <str>text):
                return text
            text = PyUnicode_AsUTF8String(text)
        cdef bytes data = text
        cdef const unsigned char *source = <const unsigned char *>PyBytes_AS_STRING(data)
        cdef Py_ssize_t index, length = len(data), quoted = 0
        for index in range(length):
            quoted += not (source[index] < 128 and self.safe[source[index]])
        cdef str result = PyUnicode_New(length + 2 * quoted, 127)
        cdef char *target = <char *>PyUnicode_1BYTE_DATA(result)
        for index in range(length):
            if source[index] < 128 and self.safe[source[index]]:
                target[0] = source[index]
                target += 1
            else:
                target[0], target[1], target[2] = c"%", HEX_DIGITS[source[index] >> 4], HEX_DIGITS[source[index] & 15]
                target += 3
        return result


cdef char *HEX_DIGITS = b"0123456789ABCDEF"
