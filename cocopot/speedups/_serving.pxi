# Part of `_compiled.pyx`: a request from its context to its teardown, in C.


cdef extern from "Python.h":
    PyObject *PyMethod_GET_FUNCTION(object method)
    object PyContextVar_Set(object variable, object value)
    int PyContextVar_Reset(object variable, object token) except -1
    # It does not call `__getattr__`, which only an attribute that is missing needs.
    object PyObject_GenericGetAttr(object instance, str name)
    dict PyObject_GenericGetDict(object instance, void *context)
    void PyErr_GetExcInfo(PyObject **cls, PyObject **value, PyObject **traceback)
    PyObject *PyException_GetCause(object error)
    PyObject *PyException_GetContext(object error)
    int PyException_SetTraceback(object error, object traceback) except -1
    void Py_XDECREF(PyObject *value)
    object PyObject_VectorcallDict(object function, PyObject **args, size_t number, PyObject *keywords)


cdef class RequestHandler:
    cdef object method, general, match_request, plain_serve, dispatch_request, raise_view_returned_none, recover
    cdef object handled, serve_value, answer_exception, tear_down, report_errors
    cdef object context_class, request_class, router_class, current
    cdef object error_value, http_exception, key_error, routing_exception, trap_http_exception
    cdef object finalize_request, observed, process_response, send_any, raise_no_result
    cdef object any_response_class, raise_bad_processed_response, close_unsent, send_processed, with_view
    cdef frozenset unraised
    cdef tuple json_responses
    cdef frozenset iterators
    cdef ResponseMaker maker
    cdef ResponseMethods methods
    cdef DocumentMethods documents
    cdef dict request_members, pages

    def __init__(
        self,
        general,
        *,
        match_request,
        plain_serve,
        dispatch_request,
        raise_view_returned_none,
        recover,
        handled,
        frozenset unraised not None,
        error_value,
        dict pages not None,
        http_exception,
        key_error,
        routing_exception,
        finalize_request,
        observed,
        process_response,
        send,
        raise_no_result,
        serve_value,
        raise_bad_processed_response,
        close_unsent,
        send_processed,
        answer_exception,
        tear_down,
        report_errors,
        context_class,
        request_class,
        request_attributes,
        router_class,
        any_response_class,
        with_view,
        tuple json_responses not None,
        frozenset iterators not None,
        current,
        ResponseMaker maker not None,
        ResponseMethods methods not None,
        DocumentMethods documents not None,
    ):
        self.general = general
        self.match_request = match_request
        self.plain_serve = plain_serve
        self.dispatch_request = dispatch_request
        self.raise_view_returned_none = raise_view_returned_none
        self.recover = recover
        self.handled = handled
        self.unraised = unraised
        self.error_value = error_value
        self.pages = pages
        self.http_exception = http_exception
        self.key_error = key_error
        self.routing_exception = routing_exception
        self.finalize_request = finalize_request
        self.observed = observed
        self.process_response = process_response
        self.send_any = send
        self.raise_no_result = raise_no_result
        self.serve_value = serve_value
        self.raise_bad_processed_response = raise_bad_processed_response
        self.close_unsent = close_unsent
        self.send_processed = send_processed
        self.answer_exception = answer_exception
        self.tear_down = tear_down
        self.report_errors = report_errors
        self.context_class = context_class
        self.request_class = request_class
        self.request_members = {
            name: <object>_PyType_Lookup(<TypeObject *>request_class, name) for name in request_attributes
        }
        self.router_class = router_class
        self.any_response_class = any_response_class
        self.with_view = with_view
        self.json_responses = json_responses
        self.iterators = iterators
        self.current = current
        self.maker = maker
        self.methods = methods
        self.documents = documents
        maker.handler = self

    def as_method(self):
        @binding(True)
        def handle_request(ApplicationState app not None, environ, start_response):
            return self.handle(app, environ, start_response)

        self.method = update_wrapper(handle_request, self.general)
        return self.method

    def as_trap(self, general):
        self.trap_http_exception = general
        return general

    def as_call(self, general):
        @binding(True)
        def call(ApplicationState app not None, environ, start_response):
            return self.call(app, environ, start_response)

        return update_wrapper(call, general)

    def with_fast_call(self, cls):
        global handler_of_calls, general_call
        handler_of_calls = self
        general_call = (<TypeObject *>cls).tp_call
        (<TypeObject *>cls).tp_call = call_application
        return cls

    cdef object call(self, ApplicationState app, environ, start_response):
        if app.outermost is not None:
            return app.outermost(environ, start_response)
        if not app.has_own_entry and _PyType_Lookup(Py_TYPE(app), "wsgi_app") == <PyObject *>self.method:
            return self.handle(app, environ, start_response)
        return (<object>app).wsgi_app(environ, start_response)

    cdef bint is_plain_class(self, cls):
        """Return whether a class of requests overrides nothing that is not called here."""
        if type(cls) is not type or not is_without_constructor(<TypeObject *>cls):
            return False
        for name, member in self.request_members.items():
            if _PyType_Lookup(<TypeObject *>cls, name) != <PyObject *>member:
                return False
        return True

    def read_attributes(self, ApplicationState app not None):
        attributes = (<object>app).__dict__
        app.router = attributes.get("router")
        app.config = attributes.get("config")
        app.subdomain_matching = own_attribute(app, "subdomain_matching", False)
        app.view_functions = attributes.get("view_functions")
        app.outermost = own_attribute(app, "_outermost", None)
        app.has_own_entry = "wsgi_app" in attributes
        app.has_own_urls = "url_for" in attributes or "inject_url_defaults" in attributes
        getter = getattr(getattr(type(app), "debug", None), "fget", None)
        app.has_usual_debug = getattr(getter, "config_key", None) == "DEBUG"
        app.request_class = own_attribute(app, "request_class", None)
        app.response_class = own_attribute(app, "response_class", None)
        app.globals_class = own_attribute(app, "app_ctx_globals_class", None)
        app.version = 0 if app.globals_class is None else Py_TYPE(app).tp_version_tag
        calls = attributes.get("plugins")
        app.calls = calls if isinstance(calls, CallState) else None
        app.is_plain = (
            own_attribute(app, "started", False)
            and not own_attribute(app, "overridden", True)
            and app.calls is not None
            and app.config is not None
            and type(app.view_functions) is dict
        )

    cdef object handle(self, ApplicationState app, environ, start_response):
        request_class = app.request_class
        if (
            type(environ) is not dict
            or not app.is_plain
            or (request_class is not self.request_class and not self.is_plain_class(request_class))
        ):
            return self.general(app, environ, start_response)
        cdef RequestState request = new(request_class)
        request.environ = environ
        request.app = app
        cdef ContextState context = new(self.context_class)
        context.app = app
        context.request = request
        context.holds = 1
        cdef PipelineState pipeline = None
        token = PyContextVar_Set(self.current, context)
        error = body = None
        try:
            try:
                endpoint = self.match(app, request, <dict>environ)
                pipeline = (<dict?>app.calls.compiled).get(endpoint)
                if pipeline is None:
                    pipeline = (<object>app).pipeline_for(endpoint)
                context.pipeline = pipeline
                if pipeline.serve is self.plain_serve:
                    body = self.serve(app, context, pipeline, <dict>environ, start_response)
                else:
                    body = pipeline.serve(context, environ, start_response)
            except Exception as exc:
                error = exc
                body = self.answer_exception(context, environ, start_response, exc)
            return body
        except BaseException as exc:
            error, context.answered = exc, None
            raise
        finally:
            if context.streams is not None and context.is_only_held(<dict>environ, error):
                context.response_is_sent = True
                context.holds -= 1
                PyContextVar_Reset(self.current, token)
            elif context.holds != 1 or request.holds_files or "werkzeug.debug.preserve_context" in <dict>environ:
                context.finish(token, (<dict>environ).get("werkzeug.debug.preserve_context"), error, body)
            else:
                context.holds = 0
                try:
                    if pipeline is not None and pipeline.plain_teardown_hook is not None:
                        self.run_teardown(app, pipeline, request, error)
                    elif pipeline is None or pipeline.tear_down is not None:
                        self.tear_down(context, error)
                finally:
                    if request.holds_files:  # for what a teardown hook has opened
                        context.end_late(token, error)
                    else:
                        PyContextVar_Reset(self.current, token)
            if context.answered is not None and not forget_plain_frames(context):
                context.forget_frames()
            error = None  # break the reference cycle exception -> traceback -> frame

    cdef int run_teardown(self, ApplicationState app, PipelineState pipeline, request, error) except -1:
        """Do what `run_every` does with the teardown hook."""
        try:
            if pipeline.teardown is not None:
                pipeline.teardown.call(app, request, error)
            else:
                pipeline.plain_teardown_hook(app, request, error)
        except Exception as exc:
            if self.report_errors(app, exc):
                raise
        return 0

    cdef object response_for(self, value):
        """Return the response for a view's return value in the current request, or `None`, as `answer`."""
        cdef PyObject *found = NULL
        PyContextVar_Get(self.current, NULL, &found)
        if found == NULL:
            return None
        current = <object>found
        Py_DECREF(current)  # Cython has counted it once more
        if not isinstance(current, ContextState):
            return None
        cdef ContextState context = current
        if not isinstance(context.app, ApplicationState) or not isinstance(context.pipeline, PipelineState):
            return None
        if not (<ApplicationState>context.app).is_plain:
            return None
        if (<PipelineState>context.pipeline).serve is not self.plain_serve:
            return None
        if type(value) is tuple:
            value = self.maker.changed(value, (<ApplicationState>context.app).response_class)
        value = self.maker.adopted(value, (<ApplicationState>context.app).response_class)
        if is_plain_response(self.maker, value, (<ApplicationState>context.app).response_class):
            return value
        answer = self.answer(context.app, value)
        return None if answer is None else self.made(context.app, answer)

    cdef object made(self, ApplicationState app, Answer answer):
        response = new(app.response_class)
        self.maker.fill(response, answer, True)
        return response

    cdef object match(self, ApplicationState app, RequestState request, dict environ):
        cdef bint is_tried = False
        if type(app.router) is self.router_class and has_plain_length(environ):
            found = matched(app.router, environ, app.config, app.subdomain_matching, None)
            if type(found) is tuple:
                rule, request.view_args = <tuple>found
                request.url_rule = rule
                return endpoint_of(rule)
            if found is not None:
                request.routing_exception = found
                return None
            is_tried = True
        return self.match_request(app, request, environ, is_tried)

    cdef object serve(
        self, ApplicationState app, ContextState context, PipelineState pipeline, dict environ, start_response
    ):
        cdef RequestState request = context.request
        value = None
        try:
            if pipeline.request_started_hook is not None:
                pipeline.request_started_hook(app, request)
            if pipeline.url_value_preprocessor_hook is not None:
                pipeline.url_value_preprocessor_hook(app, request, request.endpoint, request.view_args)
            if pipeline.before_request is not None:
                value = pipeline.before_request.call(app, request, None)
            elif pipeline.before_request_hook is not None:
                value = pipeline.before_request_hook(app, request)
            if value is None and pipeline.own_dispatch_hook is not None:
                value = pipeline.own_dispatch_hook(app, request)
                if value is None:
                    self.raise_no_result(context)
            elif value is None:
                if request.url_rule is None and pipeline.answers_errors:
                    value = self.unraised_error(app, request)
                    if value is not None:
                        value = self.value_of_error(app, value, environ)
                if value is None:
                    value = self.call_view(app, request, environ)
        except Exception as exc:
            if not pipeline.recovers_here or context.after_functions is not None or request.holds_files:
                return self.recover(context, environ, start_response, exc)
            value = self.handle_error(app, context, pipeline, request, exc)
            if issubclass(type(value), self.http_exception):  # `isinstance` may run code of the exception
                value = self.value_of_error(app, value, environ)
            # Inside the clause, so that what is raised here has the exception as its context.
            return self.respond(app, context, pipeline, environ, start_response, value)
        return self.respond(app, context, pipeline, environ, start_response, value)

    cdef object respond(
        self,
        ApplicationState app,
        ContextState context,
        PipelineState pipeline,
        dict environ,
        start_response,
        value,
    ):
        """Send what a view, a before-request hook or an error handler has returned."""
        if type(value) is tuple:
            value = self.maker.changed(value, app.response_class)
        if type(value) is self.maker.foreign_class:
            value = self.maker.adopted(value, app.response_class)
        if pipeline.is_observed:
            return self.respond_observed(app, context, pipeline, environ, start_response, value)
        if context.after_functions is not None:
            return self.process_functions(app, context, environ, start_response, value)
        if pipeline.after_request_hook is not None:
            return self.process(app, context, pipeline, environ, start_response, value)
        body = None
        if is_plain_response(self.maker, value, app.response_class):
            if context.opened_session is None:
                body = self.methods.send(value, environ, start_response)
        else:
            answer = self.answer(app, value)
            if answer is not None:
                if context.after_functions is None:
                    body = self.send_answer(app, answer, environ, start_response)
                if body is None:
                    value = self.made(app, answer)
                    if answer.content is None and context.after_functions is None and context.opened_session is None:
                        body = self.methods.send(value, environ, start_response)
        return self.serve_value(context, environ, start_response, value) if body is None else body

    cdef object respond_observed(
        self,
        ApplicationState app,
        ContextState context,
        PipelineState pipeline,
        dict environ,
        start_response,
        value,
    ):
        """Send a response whose end is observed."""
        if type(value) is not app.response_class:
            answer = self.answer(app, value)
            if answer is not None:
                value = self.made(app, answer)
        if (
            type(value) is not app.response_class
            or pipeline.after_request_hook is not None
            or context.after_functions is not None
            or context.opened_session is not None
        ):
            value = self.finalize_request(context, value)
        body = self.methods.send(value, environ, start_response) if type(value) is app.response_class else None
        if body is None:
            body = self.send_any(value, environ, start_response)
        return self.observed(context, value, environ, body)

    cdef object handle_error(
        self, ApplicationState app, ContextState context, PipelineState pipeline, RequestState request, exc
    ):
        """Do what `handled` does: return the error handlers' value for an exception, or raise it again."""
        cls = type(exc)
        if issubclass(cls, self.key_error):
            return self.handled(context, exc)
        value = None
        cdef bint is_http = issubclass(cls, self.http_exception) and not self.is_trapped(app, exc)
        if not is_http or not (
            (pipeline.answers_errors and not config_value(app.config, "DEBUG"))
            or exc.code is None
            or issubclass(cls, self.routing_exception)
        ):
            if pipeline.handle_exception_hook is not None:
                value = pipeline.handle_exception_hook(app, request, exc)
        if is_http:
            value = exc if value is None else value
        elif value is None or value is exc:
            raise exc
        context.answered = exc
        return value

    cdef object unraised_error(self, ApplicationState app, RequestState request):
        """Do what `unraised` does: return a routing exception that would only become its own response."""
        error = request.routing_exception
        if type(error) not in self.unraised or config_value(app.config, "DEBUG"):
            return None
        cdef PyObject *before = PyException_GetContext(error)
        if before != NULL:
            Py_XDECREF(before)
            return None
        return None if self.is_trapped(app, error) else error

    cdef object value_of_error(self, ApplicationState app, exc, dict environ):
        """Do what `error_value` does; the page of an exception without own attributes is there already."""
        cdef PyObject *page = PyDict_GetItemWithError(self.pages, type(exc))
        cdef dict attributes
        if type(exc) is self.http_exception:
            response = PyObject_GenericGetDict(exc, NULL).get("response")
            if response is not None and type(response) is app.response_class:
                return response
        if page != NULL and app.response_class.default_mimetype == "text/html":
            attributes = PyObject_GenericGetDict(exc, NULL)
            if len(attributes) == 1 and attributes.get("response", exc) is None:
                return <object>page
        return self.error_value(app, exc, environ)

    cdef bint is_trapped(self, ApplicationState app, exc) except -1:
        trap = PyObject_GenericGetAttr(app, "trap_http_exception")
        if (
            type(trap) is MethodType
            and <object>PyMethod_GET_FUNCTION(trap) is self.trap_http_exception
            and not config_value(app.config, "TRAP_HTTP_EXCEPTIONS")
            and not config_value(app.config, "TRAP_BAD_REQUEST_ERRORS")
        ):
            return False  # what else depends on the configuration are the errors of missing keys
        return trap(exc)

    cdef object process_functions(
        self, ApplicationState app, ContextState context, dict environ, start_response, value
    ):
        """Run the functions of `after_this_request` and the after-request hooks, and save the session."""
        if not is_plain_response(self.maker, value, app.response_class):
            answer = self.answer(app, value)
            if answer is None:
                return self.serve_value(context, environ, start_response, value)
            value = self.made(app, answer)
        try:
            processed = self.process_response(context, value)
            if type(processed) is not app.response_class and not isinstance(processed, self.any_response_class):
                self.raise_bad_processed_response(context, processed)
        except Exception as exc:
            self.close_unsent(value, exc)
            raise
        if is_plain_response(self.maker, processed, app.response_class):
            body = self.methods.send(processed, environ, start_response)
            if body is not None:
                return body
        return self.send_any(processed, environ, start_response)

    cdef object process(
        self, ApplicationState app, ContextState context, PipelineState pipeline, dict environ, start_response, value
    ):
        """Run the after-request hooks on what a view has returned, and send it."""
        if not is_plain_response(self.maker, value, app.response_class):
            answer = self.answer(app, value)
            if answer is not None:
                value = self.made(app, answer)
            if answer is None or context.after_functions is not None:
                return self.serve_value(context, environ, start_response, value)
        context.after_functions = ()
        try:
            if pipeline.after_request is not None:
                processed = pipeline.after_request.call(app, context.request, value)
            else:
                processed = pipeline.after_request_hook(app, context.request, value)
            if type(processed) is not app.response_class and not isinstance(processed, self.any_response_class):
                self.raise_bad_processed_response(context, processed)
        except Exception as exc:
            self.close_unsent(value, exc)
            raise
        if is_plain_response(self.maker, processed, app.response_class) and context.opened_session is None:
            body = self.methods.send(processed, environ, start_response)
            if body is not None:
                return body
        return self.send_processed(context, environ, start_response, processed)

    cdef Answer answer(self, ApplicationState app, value):
        """Return what a view has returned as a response, or `None` if one in Python has to make it."""
        status = headers = None
        body = value
        if type(value) is tuple:
            if len(<tuple>value) == 3:
                body, status, headers = <tuple>value
            elif len(<tuple>value) == 2:
                body, headers = <tuple>value
                if isinstance(headers, (int, str)):
                    status, headers = headers, None
            else:
                return None
        cdef ClassDefaults defaults = self.maker.defaults_of(app.response_class)
        if status is None:
            status = defaults.status
        if type(body) is dict or type(body) is list:
            return self.answer_json(app, body, status, headers, value is not body)
        content = content_of(body)
        if defaults.type_header is None or (content is None and type(body) not in self.iterators):
            return None
        cdef Answer answer = self.maker.answer(content, status, headers, defaults.type_header, True)
        if content is None and answer is not None:
            answer.parts = body
        return answer

    cdef Answer answer_json(self, app, value, status, headers, bint is_noted):
        """Return a JSON response; where an error is noted on, the one in Python raises it again."""
        provider = PyObject_GenericGetAttr(app, "json")
        respond = provider.response
        if type(respond) is not MethodType or <object>PyMethod_GET_FUNCTION(respond) not in self.json_responses:
            return None
        try:
            return self.maker.json_answer(self.documents, provider, value, status, headers)
        except ValueError:
            if is_noted:
                return None
            raise

    cdef list send_answer(self, ApplicationState app, Answer answer, dict environ, start_response):
        """Send what is not a response yet, or return `None`."""
        if answer.content is None:
            return None
        line, code = answer.status
        if not self.maker.finish(answer.head, answer.kinds, code, app.response_class):
            return None
        body = [] if is_without_body(code) or environ["REQUEST_METHOD"] == "HEAD" else [answer.content]
        try:
            start_response(line, answer.head)
        except Exception:
            environ["cocopot.start_failed"] = True
            raise
        return body

    cdef object call_view(self, ApplicationState app, RequestState request, dict environ):
        rule = request.url_rule
        if rule is None or environ["REQUEST_METHOD"] not in self.with_view:
            return self.dispatch_request(app, request)
        view = (<dict>app.view_functions).get(endpoint_of(rule))
        if view is None:
            return self.dispatch_request(app, request)
        arguments = request.view_args
        if not arguments:
            value = view()
        elif type(arguments) is dict:
            value = PyObject_VectorcallDict(view, NULL, 0, <PyObject *>arguments)
        else:
            value = view(**arguments)
        if value is None:
            self.raise_view_returned_none(rule)
        return value


cdef bint forget_plain_frames(ContextState context) except -1:
    """Do what `Context.forget_frames` does for an exception with none behind it and without blame."""
    exc = context.answered
    cdef PyObject *cause = PyException_GetCause(exc)
    cdef PyObject *before = PyException_GetContext(exc)
    cdef bint is_plain = cause == NULL and before == NULL
    Py_XDECREF(cause)
    Py_XDECREF(before)
    if not is_plain:
        return False
    cdef PyObject *cls
    cdef PyObject *outer
    cdef PyObject *traceback
    PyErr_GetExcInfo(&cls, &outer, &traceback)
    is_plain = outer != <PyObject *>exc
    Py_XDECREF(cls)
    Py_XDECREF(outer)
    Py_XDECREF(traceback)
    if not is_plain or "_cocopot_blame" in PyObject_GenericGetDict(exc, NULL):
        return False
    context.answered = None
    PyException_SetTraceback(exc, None)
    return True
