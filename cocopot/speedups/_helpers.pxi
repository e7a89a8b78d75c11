# Part of `_compiled.pyx`: functions for views that raise an HTTP exception or redirect.


cdef object made_error(cls, description, response):
    """Return what a call of a class of HTTP exceptions returns, whose constructor is the usual one."""
    error = (<TypeObject *>cls).tp_new(<TypeObject *>cls, (), NULL)
    cdef dict attributes = PyObject_GenericGetDict(error, NULL)
    if description is not None:
        attributes["description"] = description
    attributes["response"] = response
    return error


def abort_function(general, current, aborter_class, http_exception, response_class):
    @binding(True)
    def abort(code, *args, **kwargs):
        context = context_of(current)
        if kwargs or len(args) > 1 or context is None:
            general(code, *args, **kwargs)
        aborter = (<ContextState>context).app.aborter
        if type(aborter) is aborter_class:
            if type(code) is int:
                mapping = aborter.mapping
                cls = (<dict>mapping).get(code) if type(mapping) is dict else None
                if type(cls) is type and is_usual_error(<TypeObject *>cls, <TypeObject *>http_exception):
                    raise made_error(cls, (<tuple>args)[0] if len(args) > 0 else None, None)
            elif type(code) is response_class:
                raise made_error(http_exception, None, code)
        general(code, *args)

    return update_wrapper(abort, general)


cdef bint is_usual_error(TypeObject *cls, TypeObject *http_exception):
    """Return whether instances of a class are created as those of `HTTPException`."""
    return (
        PyType_IsSubtype(cls, http_exception)
        and cls.tp_new == http_exception.tp_new
        and cls.tp_setattro == http_exception.tp_setattro
        and _PyType_Lookup(cls, "__init__") == _PyType_Lookup(http_exception, "__init__")
    )


def redirect_error(cls, url):
    error = made_error(cls, url, None)
    error.new_url = url
    return error


def redirect_function(general, ResponseMaker maker not None):
    @binding(True)
    def redirect_response(location, code, response_class):
        if type(location) is not str or response_class is not maker.response_class:
            return general(location, code, response_class)
        cdef ClassDefaults defaults = maker.defaults_of(response_class)
        type_header = maker.type_header("text/html")
        if not defaults.has_usual_constructor or type_header is None:
            return general(location, code, response_class)
        try:
            content = (<str>redirect_body(location)).encode()
        except UnicodeEncodeError:
            return general(location, code, response_class)
        answer = maker.answer(content, code, [("Location", location)], type_header, False)
        if answer is None:
            return general(location, code, response_class)
        response = new(response_class)
        maker.fill(response, answer, True)
        return response

    return update_wrapper(redirect_response, general)
