# Part of `_compiled.pyx`: what an application, a request and its context hold, as fields.


cdef class CallState:
    cdef public object compiled


cdef class ApplicationState:
    cdef CallState calls
    cdef object router, config, subdomain_matching, view_functions, outermost
    cdef object request_class, response_class, globals_class
    cdef bint is_plain, has_own_entry, has_own_urls, has_usual_debug
    # The version of the application's class when `globals_class` was copied.
    cdef unsigned int version


cdef class ContextState:
    cdef public object app
    cdef public object request
    cdef public Py_ssize_t holds
    cdef public object after_functions
    cdef public object pipeline
    cdef public object opened_session
    cdef public object request_owner
    cdef public object original
    cdef public object answered
    cdef public list streams
    cdef public bint response_is_sent
    cdef public object _url_adapter
    cdef public object _exc
    cdef public object _globals

    @property
    def g(self):
        return globals_of(self)

    @g.setter
    def g(self, value):
        self._globals = value

    cdef bint is_only_held(self, dict environ, error):
        """Return whether `Context.finish` has nothing to do but to leave the context to its streams."""
        return (
            error is None
            and self.holds > 1
            and self.opened_session is None
            and self.answered is None
            and "werkzeug.debug.preserve_context" not in environ
        )

    cdef int drop(self, exc) except -1:
        """Do what `Context.release` does, without a call where nothing is torn down."""
        pipeline, request = self.pipeline, self.request
        if self.holds > 1:
            self.holds -= 1
            self._exc = self._exc if exc is None else exc
        elif (
            self.request_owner is None
            and isinstance(pipeline, PipelineState)
            and (<PipelineState>pipeline).tear_down is None
            and isinstance(request, RequestState)
            and not (<RequestState>request).holds_files
        ):
            self.holds = 0
            self._exc = self._url_adapter = self._globals = self.streams = None
        else:
            self.release(exc)
        return 0


cdef object globals_of(ContextState context):
    if context._globals is None:
        app = context.app
        if isinstance(app, ApplicationState) and is_current(app):
            context._globals = (<ApplicationState>app).globals_class()
        else:
            context._globals = app.app_ctx_globals_class()
    return context._globals


cdef bint is_current(ApplicationState app):
    """Return whether the class of an application is as it was when `globals_class` was copied."""
    return app.version != 0 and app.version == Py_TYPE(app).tp_version_tag


cdef object NO_DEFAULT = object()


cdef class GlobalsState:
    cdef dict __dict__

    def __getattribute__(self, name):
        try:
            return PyObject_GenericGetAttr(self, <str>name)
        except AttributeError:
            pass
        raise AttributeError(f"g has no attribute {name!r}: nothing has set it in this context")

    def get(self, name, default=None):
        return attributes_of(self).get(name, default)

    def pop(self, name, default=NO_DEFAULT):
        if default is NO_DEFAULT:
            return attributes_of(self).pop(name)
        return attributes_of(self).pop(name, default)

    def setdefault(self, name, default=None):
        return attributes_of(self).setdefault(name, default)

    def __contains__(self, name):
        return name in attributes_of(self)

    def __iter__(self):
        return iter(attributes_of(self))


cdef dict attributes_of(GlobalsState globals):
    return PyObject_GenericGetDict(globals, NULL)


cdef class RequestState:
    cdef public object environ
    cdef public object app
    cdef public object url_rule
    cdef public object view_args
    cdef public object routing_exception
    cdef public bint holds_files


cdef class PipelineState:
    cdef public object serve
    cdef public object plain_teardown_hook
    cdef public object tear_down
    cdef public object request_started_hook
    cdef public object url_value_preprocessor_hook
    cdef public object before_request_hook
    cdef public object own_dispatch_hook
    cdef public object after_request_hook
    cdef public object handle_exception_hook
    cdef public bint answers_errors
    cdef public bint recovers_here
    cdef public bint is_observed
    # How hooks of one implementation are called, or `None`.
    cdef DirectCall before_request, after_request, teardown

    def read_direct_calls(self):
        self.before_request = direct_call_of(self.before_request_hook)
        self.after_request = direct_call_of(self.after_request_hook)
        self.teardown = direct_call_of(self.plain_teardown_hook)
