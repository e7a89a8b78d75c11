"""The hook contract: every hook of Cocopot, in the order in which an application calls them.

An implementation is a function with the hook's name, marked with `cocopot.hookimpl`. It may omit arguments
that it does not need. Each docstring states when the hook fires, its arguments, what a return value does, the
order, what an exception does, and what may be changed in place. `make docs` makes `docs/hooks.md` from them.

Every entry uses these terms:

- **in** order: plugins in load order, then the application's functions (first registered first), then the
  built-in default. A plugin that another one requires is loaded earlier, so it runs earlier.
- **out** order: the application's functions (last registered first), then plugins in reverse load order,
  then the built-in default.
- `tryfirst` and `trylast` have precedence over that order. Wrappers run around all other implementations; in
  hooks of both orders the wrapper that was loaded first is outermost: it enters first and leaves last.

Unless an entry states otherwise, an exception stops the implementations that have not run yet and goes to the
error handling of the request. It carries a note with the plugin, its distribution, version and hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from cocopot.app import Cocopot
    from cocopot.coroutines import AnyCoroutine, CoroutineOutcome
    from cocopot.exceptions import BuildError
    from cocopot.hooks.manager import PluginManager
    from cocopot.json import JSONProvider
    from cocopot.request import Request
    from cocopot.response import Response
    from cocopot.sessions import Session
    from cocopot.templating import Template, TemplateEngine
    from cocopot.types import ResponseValue, WSGIApplication

# -------------------------------------------------------------------------
# Application set-up
# -------------------------------------------------------------------------


@hookspec(since="1.0", historic=True, order="in")
def cocopot_addhooks(pluginmanager: PluginManager) -> None:
    """Add hook specifications that a plugin defines.

    Fires once per plugin, when it is registered, before its other hooks. Call
    `pluginmanager.add_hookspecs(module_or_class)` here: from then on other plugins, also earlier ones, may
    implement those hooks. Mark them with `cocopot.hookspec`; without `order` the last registered runs first.

    Args:
        pluginmanager: The plugin manager of the application.

    A return value is ignored. Historic: a plugin that is registered late gets its call then. Order: in.
    An exception stops the start with a `PluginError` that names the plugin. Wrappers are not allowed.
    """


@hookspec(since="1.0", order="in", result_type="collections.abc:Mapping")
def cocopot_config_defaults(app: Cocopot) -> Mapping[str, object] | None:
    """Declare the configuration keys of a plugin, with their defaults.

    Fires while the application is created, after all plugins have been registered and before the first
    `cocopot_setup`; for a plugin that is registered later, immediately before its `cocopot_setup`.

    Args:
        app: The application. Its configuration may be read, and contains Cocopot's own defaults.

    Returns:
        Upper-case keys, by convention beginning with the plugin's name, and their default values. A key that
        already has a value keeps it.

    All implementations run. Order: in. Two plugins that declare the same key cause a `PluginError` that names
    both; a key that is not upper-case causes one, too. An exception stops the start with one for its plugin.
    """


@hookspec(since="1.0", historic=True, order="in")
def cocopot_setup(app: Cocopot) -> None:
    """Add routes, options, properties, error handlers, converters, or state in `app.extensions[NAME]`.

    Fires once per application and plugin: at the end of the application's constructor for the plugins that
    are loaded with it, otherwise when the plugin is registered. The application's configuration is not
    complete yet: read it in `cocopot_startup`.

    Args:
        app: The application, still open for registration.

    A return value is ignored. Historic: a plugin that is registered late gets its call then; if it adds
    routes after the first request, its registration fails and is rolled back. Order: in. An exception stops
    the start of the application with a `PluginError` that names the plugin. Wrappers are not allowed.
    """


@hookspec(since="1.0", order="in")
def cocopot_register_commands(app: Cocopot, cli: click.Group) -> None:
    """Add commands to the command line.

    Fires when `app.cli` is first used, never while requests are served.

    Args:
        app: The application.
        cli: The click group to add commands to, `app.cli`.

    A return value is ignored. All implementations run. Order: in. An exception hides only the commands of the
    plugin that raised it, and is logged with the plugin's name. A command that another plugin has registered
    is refused with a `PluginError` that names both; one of the application replaces it.
    """


@hookspec(since="1.0", order="in", result_type="collections.abc:Mapping")
def cocopot_shell_context(app: Cocopot) -> Mapping[str, object] | None:
    """Add names to the interactive shell.

    Fires each time `app.make_shell_context()` is called.

    Args:
        app: The application.

    Returns:
        Names and values. The application's have precedence over a plugin's, a later plugin's over others'.

    All implementations run. Order: in. In an application, use `@app.shell_context_processor`.
    """


@hookspec(since="1.0", order="in")
def cocopot_startup(app: Cocopot) -> None:
    """Validate the configuration and open pools: the application is about to serve requests.

    Fires once, before the first request, in an application context. The configuration is final, and
    registration closes when the hook has finished. Does not fire in an application that only builds URLs or
    runs commands. A plugin that is registered later gets its call then.

    Args:
        app: The application. Its configuration may still be normalised in place.

    A return value is ignored. All implementations run. Order: in. An exception stops the first request and
    reaches the server without the error handlers; the next request tries again. Requests of other threads
    wait for the hook, and are a 503 after `STARTUP_TIMEOUT` seconds: a hook that needs a response of the
    application sends the request with `app.test_client()`. In an application, use `@app.on_startup`.
    """


@hookspec(since="1.0", threaded="wsgi", result_type="collections.abc:Callable", order="out")
def cocopot_wsgi(app: Cocopot, wsgi: WSGIApplication) -> WSGIApplication | None:
    """Put WSGI middleware around the application: a proxy fix, a mount, tracing.

    Fires once, when the application starts, after `cocopot_startup`. From then on every request that is sent
    to the application object passes through what is returned here, the first one too.

    Args:
        app: The application.
        wsgi: The WSGI callable (PEP 3333) to call inside: what the previous implementation returned, or
            innermost what calls `app.wsgi_app`, which an application may replace at any time.

    Returns:
        A WSGI callable that calls `wsgi`, or `None` to put nothing around it. Anything else is a `TypeError`
        that names the implementation.

    Threaded: each implementation gets what the previous one returned. Order: out. So the plugin that was
    loaded first is outermost. A plugin that is registered later gets its call then, and its place in this
    order; unregistering one removes its part. An exception stops the start, as one of `cocopot_startup` does.
    What a returned callable raises reaches the server without the error handlers, with the plugin's name.
    """


@hookspec(since="1.0", order="out", every=True)
def cocopot_shutdown(app: Cocopot) -> None:
    """Close what `cocopot_startup` opened.

    Fires when `app.close()` is called, or when the process ends, if the application has been started. Some
    servers end a process without it: `docs/lifecycle.md` lists them.

    Args:
        app: The application.

    A return value is ignored. Order: out. Every implementation and wrapper runs, also after an exception:
    errors are logged by plugin name and raised together as an `ExceptionGroup` from `app.close()`. In an
    application, use `@app.on_shutdown`.
    """


# -------------------------------------------------------------------------
# A request, from top to bottom
# -------------------------------------------------------------------------


@hookspec(since="1.0", order="in")
def cocopot_request_started(app: Cocopot, request: Request) -> None:
    """Act at the beginning of a request: take the time, assign an identifier.

    Fires first in a request, with the URL already matched: `request.url_rule` and `request.view_args` are
    set, or `request.routing_exception` is.

    Args:
        app: The application.
        request: The request; nothing else of it has been parsed. Attributes may be added to it.

    A return value is ignored. All implementations run. Order: in. An exception is handled like a view's.
    """


@hookspec(since="1.0", order="in")
def cocopot_url_value_preprocessor(
    app: Cocopot, request: Request, endpoint: str | None, view_args: dict[str, object] | None
) -> None:
    """Change the values of the URL before they are passed to the view.

    Fires after matching and before the before-request hooks, also if nothing matched.

    Args:
        app: The application.
        request: The request.
        endpoint: The endpoint that matched, or `None`.
        view_args: The values for the view, or `None` if nothing matched. May be changed in place: a value
            that is removed here is not passed to the view.

    A return value is ignored. All implementations run. Order: in. In an application or a blueprint, use
    `@url_value_preprocessor`; functions of a blueprint run only for its endpoints, after the application's.
    """


@hookspec(since="1.0", firstresult=True, order="in", result_type="cocopot.sessions:Session")
def cocopot_open_session(app: Cocopot, request: Request) -> Session | None:
    """Open the session of a request.

    Fires when `cocopot.session` is first used in a request, wherever that is, and never otherwise.

    Args:
        app: The application.
        request: The request.

    Returns:
        A `cocopot.sessions.Session`, or `None` to leave it to the next implementation.

    The first result stops the rest. Order: in. The built-in implementation uses `app.session_interface`.
    Without a result the session is empty, and a change raises a `RuntimeError`. An exception leaves the
    operation that uses the session; from then on, the session is empty in this request, so that error
    handlers may read it. An implementation must not use `cocopot.session`.
    """


@hookspec(since="1.0", firstresult=True, order="in")
def cocopot_before_request(app: Cocopot, request: Request) -> ResponseValue | None:
    """Act before the view, or respond in its place.

    Fires for every request, also if no route matched (`request.routing_exception` is then the reason), so
    that authentication and preflight handling cover all requests.

    Args:
        app: The application.
        request: The request.

    Returns:
        `None` to continue. Anything else is the response, as a view would have returned it: the view is not
        called, the after-request hooks are.

    The first result stops the rest. Order: in. In an application or a blueprint, use `@before_request`, whose
    functions take no argument; they run after the plugins', and functions of a blueprint only for its
    endpoints, after the application's.
    """


@hookspec(since="1.0", firstresult=True, order="in")
def cocopot_dispatch_request(app: Cocopot, request: Request) -> ResponseValue | None:
    """Call the view.

    Fires after the before-request hooks, unless one of them returned a response. The built-in implementation
    raises `request.routing_exception`, responds to OPTIONS for a rule that provides it, or calls the view
    with `request.view_args`. Return a value to respond in place of the view; more often this hook is wrapped,
    for transactions, timing or caching.

    Args:
        app: The application.
        request: The request.

    Returns:
        What the view returned.

    The first result stops the rest; if the result is `None`, an error names the endpoint. Order: in. An
    exception goes to `cocopot_handle_exception`.
    """


@hookspec(since="1.0", firstresult=True, order="out", result_type="cocopot.templating:TemplateEngine")
def cocopot_template_engine(app: Cocopot) -> TemplateEngine | None:
    """Supply what renders templates.

    Fires when a template is first rendered, or `app.template_engine` first read. The core has no engine.

    Args:
        app: The application. Its template folders, filters, tests and globals may still be added to.

    Returns:
        A `cocopot.templating.TemplateEngine`, or `None` to leave it to the next implementation.

    The first result stops the rest: the plugin that was loaded last has precedence. Order: out. An exception
    leaves the function that renders.
    """


@hookspec(since="1.0", order="in", result_type="collections.abc:Mapping")
def cocopot_template_context(
    app: Cocopot, template: Template | None, context: dict[str, object]
) -> Mapping[str, object] | None:
    """Add names to a template that is about to be rendered.

    Fires for each template that `render_template` and its like render, not for those that it includes.

    Args:
        app: The application.
        template: The template; `template.name` is `None` for one from a string. `None` if an application
            calls `app.update_template_context`.
        context: The names that were passed for the template. Return names; only a wrapper may replace values.

    Returns:
        Names and values. Those that were passed have precedence, and a later implementation over an earlier
        one. In debug mode, a name that two plugins return, and neither the application nor the caller, is a
        `PluginError` that names both.

    All implementations run. Order: in. An exception leaves the function that renders. In an application or a
    blueprint, use `@context_processor`, whose functions take no argument; functions of a blueprint run only
    for its endpoints and error handlers, after the application's.
    """


@hookspec(since="1.0", order="out")
def cocopot_template_rendered(app: Cocopot, template: Template, context: dict[str, object]) -> None:
    """Act after a template has been rendered: record it for a test, count it, time it.

    Fires when the text, or the last part of a stream, has been produced; not if the template raised.

    Args:
        app: The application.
        template: The template.
        context: All names that it got.

    A return value is ignored. All implementations run. Order: out. An exception leaves the function that
    renders, or the stream.
    """


@hookspec(since="1.0", order="out")
def cocopot_message_flashed(app: Cocopot, message: str, category: str) -> None:
    """Act after `flash` has stored a message in the session: record it for a test, log it.

    Args:
        app: The application.
        message: The text.
        category: What kind of message it is, such as `"error"`.

    A return value is ignored. All implementations run. Order: out. An exception leaves `flash`; the message
    remains stored.
    """


@hookspec(since="1.0", firstresult=True, order="out")
def cocopot_make_response(app: Cocopot, request: Request, value: object) -> Response | None:
    """Turn the return value of a view into a response.

    Fires for the value of a view, a before-request function, or an error handler. The built-in implementation
    accepts strings, bytes, dicts, lists, tuples, iterators, responses and WSGI callables.

    Args:
        app: The application.
        request: The request.
        value: What was returned; never `None`.

    Returns:
        A `cocopot.Response`, or `None` to leave the value to the next implementation.

    The first result stops the rest. Order: out. An exception becomes a 500.
    """


@hookspec(since="1.0", threaded="response", result_type="werkzeug.wrappers:Response", order="out")
def cocopot_after_request(app: Cocopot, request: Request, response: Response) -> Response | None:
    """Change or replace the response.

    Fires for every response that is about to be sent, also for responses of error handlers and before-request
    hooks. Functions that were passed to `after_this_request` have run before.

    Args:
        app: The application.
        request: The request.
        response: The response that the previous implementation returned. May be changed in place.

    Returns:
        A response, which is passed to the next implementation; `None` means unchanged. Anything else is a
        `TypeError` that names the implementation.

    Threaded: each implementation gets what the previous one returned. Order: out. An exception becomes a 500,
    whose response goes through the hook once more. In an application or a blueprint, use `@after_request`,
    whose functions take only the response; functions of a blueprint run only for its endpoints, before the
    application's, and those run before the plugins'.
    """


@hookspec(since="1.0", firstresult=True, order="out", result_type="builtins:bool")
def cocopot_save_session(app: Cocopot, request: Request, session: Session, response: Response) -> bool | None:
    """Save a session, and set its cookie.

    Fires once in a request that has used its session, after the after-request hooks, also if it was only read
    and for responses of error handlers; never for an empty session that takes no changes.

    Args:
        app: The application.
        request: The request.
        session: The session; `session.modified` is whether it has been changed.
        response: The response. May be changed in place.

    Returns:
        `True` if the session is one that this implementation opens, whether or not it had to be stored;
        `None` to leave it to the next implementation.

    The first result stops the rest; a changed session without a result is a `RuntimeError`. Order: out. An
    exception becomes a 500, with which the session is not saved again. After the hook, `Vary: Cookie` and
    `Cache-Control: private` are added to the response, and a change of the session raises a `RuntimeError`.
    """


@hookspec(since="1.0", firstresult=True, order="out")
def cocopot_handle_exception(app: Cocopot, request: Request, exc: Exception) -> ResponseValue | None:
    """Turn an exception into a response.

    Fires for an exception that left the view or a hook before it, HTTP exceptions included, but not for
    redirects of the router; and again with an `InternalServerError`, whose `original_exception` is unhandled.

    Args:
        app: The application.
        request: The request.
        exc: The exception. May be changed in place, for example its `description`.

    Returns:
        A response value, as of a view, or `None` to leave the exception to the next implementation.

    The first result stops the rest. Order: out. In an application or a blueprint, use `@errorhandler`: those
    handlers have precedence over plugins, the most specific one first; only a plugin with `tryfirst=True`
    runs before them. The built-in implementation uses an HTTP exception itself as the response. An exception
    that is raised here is not handled again: it becomes a 500.
    """


@hookspec(since="1.0", order="out")
def cocopot_got_request_exception(app: Cocopot, request: Request, exc: Exception) -> None:
    """Report an unhandled exception, which is about to become a 500.

    Fires before the exception is logged, raised again (in debug and test mode), or becomes the response.

    Args:
        app: The application.
        request: The request.
        exc: The exception that was not handled.

    A return value is ignored. All implementations run. Order: out. A further exception is logged and stops
    the implementations that have not run yet; the first is then processed as if the hook had returned.
    """


@hookspec(since="1.0", order="out", every=True)
def cocopot_teardown_request(app: Cocopot, request: Request, exc: BaseException | None) -> None:
    """Release what the request acquired.

    Fires when the request context is popped, also after an exception: after the response has been passed to
    the server, or, with `stream_with_context` and inside a test client's `with`, when that ends.

    Args:
        app: The application.
        request: The request.
        exc: The unhandled exception that ended the request, or `None`.

    A return value is ignored. Order: out. Every implementation and wrapper runs, also after an exception:
    errors are logged by plugin name and, where exceptions propagate, raised together as an `ExceptionGroup`.
    In an application or a blueprint, use `@teardown_request`, whose functions take only the exception; those
    of a blueprint run only for its endpoints, before the application's, which run before the plugins'.
    """


@hookspec(since="1.0", order="out", every=True)
def cocopot_teardown_app_context(app: Cocopot, exc: BaseException | None) -> None:
    """Release what the application context acquired.

    Fires when an application context is popped: after each request and its `cocopot_teardown_request`, at the
    end of a command, of the startup hooks, and of `with app.app_context()`.

    Args:
        app: The application.
        exc: The unhandled exception that ended the context, or `None`.

    A return value is ignored. Order: out. Every implementation and wrapper runs, also after an exception:
    errors are logged by plugin name and, where exceptions propagate, raised together as an `ExceptionGroup`.
    In an application, use `@app.teardown_appcontext`.

    Close a generator that is suspended inside `with app.app_context()`. Otherwise the garbage collector ends
    the context, which up to Python 3.11 may crash the process (https://github.com/python/cpython/issues/148891).
    """


@hookspec(since="1.0", order="out", every=True)
def cocopot_response_closed(
    app: Cocopot, request: Request, response: Response, exc: BaseException | None
) -> None:
    """Act at the end of a response: record its duration, release what its body needed.

    Fires once for each response, error pages included: when the server closes the body, after its last byte
    or because the client is gone. That is after the teardown hooks, unless a test client preserves the
    context. In the hook `request` and `current_app` work; `g` is a new one, and torn down if it is used.

    Args:
        app: The application.
        request: The request.
        response: The response, whose status and headers have been sent.
        exc: What the body raised, a `ClientDisconnected` if it was closed before its end, or `None`.

    A return value is ignored. Order: out. Every implementation and wrapper runs, also after an exception:
    errors are logged by plugin name, and never raised. Does not fire without a response of the application,
    as for an exception that propagates to the server.
    """


# -------------------------------------------------------------------------
# At any time
# -------------------------------------------------------------------------


@hookspec(since="1.0", firstresult=True, order="out", result_type="cocopot.coroutines:CoroutineOutcome")
def cocopot_run_coroutine(app: Cocopot, coroutine: AnyCoroutine) -> CoroutineOutcome | None:
    """Run an `async def` view or function of the application, and wait for it.

    Args:
        app: The application.
        coroutine: What to run. It sees the context variables of the caller, wherever it runs.

    Returns:
        What the coroutine returns, which is never `None`: it contains the value or the exception of the
        function. Or `None`, without having run it, to leave it to the next implementation.

    The first result stops the rest. Order: out. All coroutines of a process should run in one event loop, as
    clients are bound to it; the built-in implementation uses one in a thread of its own.
    """


@hookspec(since="1.0", order="in")
def cocopot_url_defaults(app: Cocopot, endpoint: str, values: dict[str, object]) -> None:
    """Add values to a URL that `url_for` is about to build.

    Args:
        app: The application.
        endpoint: The full name of the endpoint.
        values: The values that were passed to `url_for`. May be changed in place.

    A return value is ignored. All implementations run. Order: in. An exception leaves `url_for`. In an
    application or a blueprint, use `@url_defaults`; functions of a blueprint run for URLs of its endpoints,
    whatever the endpoint of the current request is, after the application's.
    """


@hookspec(since="1.0", firstresult=True, order="out", result_type="builtins:str")
def cocopot_url_build_error(
    app: Cocopot, error: BuildError, endpoint: str, values: dict[str, object]
) -> str | None:
    """Supply a URL that could not be built.

    Fires in `url_for` when no rule matches the endpoint and the values.

    Args:
        app: The application.
        error: The exception that Werkzeug raised.
        endpoint: The endpoint that was requested.
        values: All that was passed to `url_for`, with `_anchor`, `_method`, `_scheme` and `_external`.

    Returns:
        A URL, or `None` to leave it to the next implementation.

    The first result stops the rest; without a result, `error` is raised. Order: out. An implementation may
    raise another `BuildError`, which leaves `url_for` in place of the first. In an application, use
    `@app.url_build_error_handler`, whose functions run before the plugins'.
    """


@hookspec(since="1.0", firstresult=True, order="out", result_type="cocopot.json:JSONProvider")
def cocopot_json_provider(app: Cocopot) -> JSONProvider | None:
    """Replace the JSON library.

    Fires when `app.json` is first used.

    Args:
        app: The application.

    Returns:
        A `cocopot.json.JSONProvider`, or `None` to leave it to the next implementation.

    The first result stops the rest: the plugin that was loaded last has precedence. Order: out. The built-in
    implementation returns a provider that uses the standard library.
    """
