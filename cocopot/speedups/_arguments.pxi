# Part of `_compiled.pyx`: the arguments of a query string or a form.

cdef extern from *:
    void PyObject_GC_UnTrack(PyObject *instance)


cpdef parse_arguments(query, cls):
    if type(query) is not str:
        raise TypeError(f"a query string is a str, not {type(query).__name__!r}")
    arguments = new_arguments(cls)
    if not PyUnicode_IS_ASCII(<str>query):
        for piece in (<str>query).split("&"):
            if piece:
                key, _, value = (<str>piece).partition("=")
                add_argument(arguments, unquote_argument(key), unquote_argument(value))
        return arguments
    # An ASCII text has one byte for each of its characters.
    cdef const char *text = <const char *>PyUnicode_1BYTE_DATA(query)
    cdef Py_ssize_t start = 0, end, delimiter, length = len(<str>query)
    cdef bint is_plain = index_of(text, c"%", 0, length) == length and index_of(text, c"+", 0, length) == length
    while start < length:
        end = index_of(text, c"&", start, length)
        if start < end:
            delimiter = index_of(text, c"=", start, end)
            if is_plain:
                key = PyUnicode_Substring(query, start, delimiter)
                value = PyUnicode_Substring(query, delimiter + 1, end)
            else:
                key = unquoted(text, start, delimiter)
                value = unquoted(text, delimiter + 1, end)
            add_argument(arguments, key, value)
        start = end + 1
    return arguments


cdef object new_arguments(cls):
    """Return an empty object of a class of arguments, without calling its constructor."""
    if isinstance(cls, type) and (<TypeObject *>cls).tp_new == PyDict_Type.tp_new:
        return PyDict_Type.tp_new(<TypeObject *>cls, (), NULL)
    return dict.__new__(cls)


cdef Py_ssize_t index_of(const char *text, char delimiter, Py_ssize_t start, Py_ssize_t end):
    """Return the index of a delimiter, or the end."""
    cdef const char *found = <const char *>memchr(text + start, delimiter, end - start)
    return end if found == NULL else found - text


cdef object unquoted(const char *text, Py_ssize_t start, Py_ssize_t end):
    """Return a piece of an ASCII text, decoded."""
    if start >= end:
        return ""
    if index_of(text, c"%", start, end) == end:
        return with_blanks(text, start, end)
    cdef char short_text[256]
    if end - start <= <Py_ssize_t>sizeof(short_text):
        return PyUnicode_DecodeUTF8(short_text, decode(text, start, end, short_text), "werkzeug.url_quote")
    cdef bytes buffer = PyBytes_FromStringAndSize(NULL, end - start)
    cdef char *decoded = PyBytes_AS_STRING(buffer)
    return PyUnicode_DecodeUTF8(decoded, decode(text, start, end, decoded), "werkzeug.url_quote")


cdef object with_blanks(const char *text, Py_ssize_t start, Py_ssize_t end):
    """Return a piece of an ASCII text, with a blank for each plus sign."""
    cdef str piece = PyUnicode_New(end - start, 127)
    cdef char *characters = <char *>PyUnicode_1BYTE_DATA(piece)
    cdef Py_ssize_t index
    for index in range(end - start):
        characters[index] = c" " if text[start + index] == c"+" else text[start + index]
    return piece


cdef Py_ssize_t decode(const char *text, Py_ssize_t start, Py_ssize_t end, char *decoded):
    """Decode the bytes of a piece, and return how many there are."""
    cdef Py_ssize_t length = 0
    cdef int high, low
    cdef char character
    while start < end:
        character = text[start]
        if character == c"+":
            character = c" "
        elif character == c"%" and start + 2 < end:
            high, low = digit(text[start + 1]), digit(text[start + 2])
            if high >= 0 and low >= 0:
                character = <char>(16 * high + low)
                start += 2
        decoded[length] = character
        start += 1
        length += 1
    return length


cdef int digit(char character):
    """Return the value of a hexadecimal digit, or -1."""
    if c"0" <= character <= c"9":
        return character - c"0"
    if c"a" <= character <= c"f":
        return character - c"a" + 10
    return character - c"A" + 10 if c"A" <= character <= c"F" else -1


cdef int add_argument(object arguments, object key, object value) except -1:
    cdef list new_list = [value]
    # A list of texts is not in a reference cycle: the garbage collector need not visit a thousand of them.
    PyObject_GC_UnTrack(<PyObject *>new_list)
    cdef list values = <object>PyDict_SetDefault(arguments, key, new_list)
    if values is not new_list:
        values.append(value)
    return 0
