# Part of `_compiled.pyx`: the URL of an endpoint of the current application, where it is a path alone.


cdef class UrlMethods:
    cdef object current, router_class, find_defaults, default_inject, default_method

    def __init__(self, current not None, router_class not None):
        self.current = current
        self.router_class = router_class

    def defaults_hook(self, function):
        self.find_defaults = function
        return function

    def inject(self, method):
        self.default_inject = method
        return method

    def method(self, general):
        cdef UrlMethods methods = self

        @binding(True)
        def url_for(
            self, /, endpoint, *, _anchor=None, _method=None, _scheme=None, _external=None, **values
        ):
            if _anchor is None and _method is None and _scheme is None and not _external:
                path = methods.path(context_of(methods.current), self, endpoint, values)
                if path is not None:
                    return path
            return general(
                self,
                endpoint,
                _anchor=_anchor,
                _method=_method,
                _scheme=_scheme,
                _external=_external,
                **values,
            )

        self.default_method = update_wrapper(url_for, general)
        return self.default_method

    def helper(self, general):
        cdef UrlMethods methods = self

        @binding(True)
        def url_for(endpoint, *, _anchor=None, _method=None, _scheme=None, _external=None, **values):
            if _anchor is None and _method is None and _scheme is None and not _external:
                context = context_of(methods.current)
                app = None if context is None else (<ContextState>context).app
                if app is not None and _PyType_Lookup(Py_TYPE(app), "url_for") == <PyObject *>methods.default_method:
                    path = methods.path(context, app, endpoint, values)
                    if path is not None:
                        return path
            return general(
                endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values
            )

        return update_wrapper(url_for, general)

    cdef object path(self, context, app, endpoint, dict values):
        """Return a URL of the current request, or `None` if the function in Python has to build it."""
        if context is None or (<ContextState>context).app is not app or not isinstance(app, ApplicationState):
            return None
        request = (<ContextState>context).request
        cdef ApplicationState state = app
        if (
            type(endpoint) is not str
            or not isinstance(request, RequestState)
            or (<RequestState>request).url_rule is None
            or not state.is_plain
            or state.has_own_urls
            or _PyType_Lookup(Py_TYPE(app), "inject_url_defaults") != <PyObject *>self.default_inject
            or type(state.router) is not self.router_class
            or config_value(state.config, "SERVER_NAME") is not None
        ):
            return None
        environ = (<RequestState>request).environ
        if type(environ) is not dict or (<dict>environ).get("SCRIPT_NAME") or state.router._remap:
            return None
        builder = (<dict?>state.router._plain_builders).get(endpoint)
        if builder is None or builder.domain != "" or self.has_defaults(state, <str>endpoint):
            return None
        try:
            path = path_of(builder, values)
        except Exception:
            return None  # raised again, where it is reported
        if type(path) is not str or not (<str>path).startswith("/") or (<str>path).startswith("//"):
            return None
        return path

    cdef bint has_defaults(self, ApplicationState app, str endpoint) except -1:
        """Return whether a hook may fill in values; cached for each endpoint that has been built."""
        compiled = app.calls.compiled  # read once: another thread may discard it
        key = ("cocopot_url_defaults", None, endpoint)
        found = (<dict?>compiled).get(key)
        if found is None:
            found = compiled[key] = self.find_defaults(app, endpoint) is not None
        return found


cdef object path_of(builder, dict values):
    """Return the path as the builder does, which builds one with a query."""
    text, variables = builder._path
    if len(values) != len(<tuple?>variables):
        return builder.path(values)
    for name, write, following in <tuple>variables:
        value = values.get(name)
        if value is None:
            return None
        text = text + (write(value) + following)
    return text


cdef object context_of(current):
    """Return the current context, or `None`."""
    cdef PyObject *value = NULL
    PyContextVar_Get(current, NULL, &value)
    if value == NULL:
        return None
    context = <object>value
    Py_DECREF(context)  # Cython has counted it once more
    return context if isinstance(context, ContextState) else None
