"""The hook contract: every hook of Cocopot, in the order in which an application meets them.

An implementation is a function of the hook's name, marked with `cocopot.hookimpl`. It may leave out
arguments that it does not need. Each docstring below says when the hook fires, what the arguments are,
what a return value does, in which order implementations run, what an exception does, and what may be
changed in place.

Three words return in every entry:

- **in** order: plugins in load order, then the application's functions (first registered first), then the
  built-in default. A plugin that another one requires is loaded earlier, so it enters earlier.
- **out** order: the application's functions (last registered first), then plugins in reverse load order,
  then the built-in default.
- `tryfirst` and `trylast` come before that order. Wrappers lie around everything else, in hooks of both
  orders the one that was loaded first outermost: it enters earlier and leaves later.

Unless an entry says otherwise, an exception stops the implementations that have not run yet and goes to the
error handling of the request; it carries a note with the plugin, its distribution, version and hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click
    import pluggy

    from cocopot.exceptions import BuildError
    from cocopot.json import JSONProvider
    from cocopot.request import Request
    from cocopot.response import Response
    from cocopot.types import Application, ResponseValue

# -------------------------------------------------------------------------
# An application comes to be
# -------------------------------------------------------------------------


@hookspec(historic=True, order="in")
def cocopot_addhooks(pluginmanager: pluggy.PluginManager) -> None:
    """A plugin brings hook specifications of its own.

    Fires once per plugin, when it is registered, before any other hook of it. Call
    `pluginmanager.add_hookspecs(module_or_class)` here; other plugins may implement those hooks, whichever
    of them is loaded first.

    Args:
        pluginmanager: The plugin manager of the application.

    A return value is ignored. Historic: a plugin that is registered late gets its call then. Order: in.
    An exception stops the start of the application with a `PluginError` that names the plugin. Wrappers are
    not allowed.
    """


@hookspec(order="in")
def cocopot_config_defaults(app: Application) -> Mapping[str, Any] | None:
    """Name the configuration keys of a plugin, with their defaults.

    Fires while the application is made, after all plugins have been registered and before `cocopot_setup`;
    for a plugin that is registered later, right before its `cocopot_setup`.

    Args:
        app: The application. Its configuration may be read, and holds Cocopot's own defaults.

    Returns:
        Upper-case keys, by convention beginning with the plugin's name, and their default values. A key that
        the application has set keeps its value.

    All implementations run. Order: in. Two plugins that name one key: a `PluginError` that names both. An
    exception stops the start of the application with a `PluginError` that names the plugin.
    """


@hookspec(historic=True, order="in")
def cocopot_setup(app: Application) -> None:
    """Add routes, blueprints, error handlers, converters, or state under `app.extensions[NAME]`.

    Fires once per application and plugin, when the plugin is registered; for the plugins that are loaded with
    the application, at the end of its constructor, so that the application's configuration is not complete
    yet: read it in `cocopot_startup`.

    Args:
        app: The application, still open for registration.

    A return value is ignored. Historic: a plugin that is registered late gets its call then, and registering
    it after the first request fails if it adds routes. Order: in. An exception stops the start of the
    application with a `PluginError` that names the plugin. Wrappers are not allowed.
    """


@hookspec(order="in")
def cocopot_register_commands(app: Application, cli: click.Group) -> None:
    """Add commands to the command line.

    Fires when `app.cli` is first asked for, never while requests are served.

    Args:
        app: The application.
        cli: The click group to add commands to, `app.cli`.

    A return value is ignored. All implementations run. Order: in. An exception hides only the commands of the
    plugin that raised, and is reported by name.
    """


@hookspec(order="in")
def cocopot_shell_context(app: Application) -> Mapping[str, Any] | None:
    """Contribute names to the interactive shell.

    Fires when `app.make_shell_context()` is called.

    Args:
        app: The application.

    Returns:
        Names and values. The application's own win over a plugin's, and a later plugin's over an earlier
        one's.

    All implementations run. Order: in.
    """


@hookspec(order="in")
def cocopot_startup(app: Application) -> None:
    """Check the configuration, open pools: the application is about to serve.

    Fires once, before the first request, when the configuration is final and registration is about to close.
    Not in an application that only builds URLs or runs commands.

    Args:
        app: The application; its configuration may still be normalised in place.

    A return value is ignored. All implementations run. Order: in. An exception stops the request that was the
    first, reaches the server, and the next request tries again.
    """


@hookspec(order="out", every=True)
def cocopot_shutdown(app: Application) -> None:
    """Close what `cocopot_startup` opened.

    Fires when `app.close()` is called, or when the process ends, if the application has been started.

    Args:
        app: The application.

    A return value is ignored. Order: out. Every implementation runs, whatever the others do: errors are
    logged by plugin name and raised together as an `ExceptionGroup` from `app.close()`.
    """


# -------------------------------------------------------------------------
# A request, from top to bottom
# -------------------------------------------------------------------------


@hookspec(order="in")
def cocopot_request_started(app: Application, request: Request) -> None:
    """A request has begun: take the time, give it an identifier.

    Fires first thing in a request, with the URL already matched: `request.url_rule` and `request.view_args`
    are set, or `request.routing_exception` is.

    Args:
        app: The application.
        request: The request; nothing of it has been parsed. Attributes may be added to it.

    A return value is ignored. All implementations run. Order: in. An exception is handled as one from the
    view is.
    """


@hookspec(order="in")
def cocopot_url_value_preprocessor(
    app: Application, request: Request, endpoint: str | None, view_args: dict[str, Any] | None
) -> None:
    """Change the values that the URL gave before a view gets them.

    Fires after matching, before the before-request hooks, also when nothing matched.

    Args:
        app: The application.
        request: The request.
        endpoint: The endpoint that matched, or `None`.
        view_args: The values for the view, or `None` if nothing matched. To be changed in place: a value that
            is popped here does not reach the view.

    A return value is ignored. All implementations run. Order: in; functions of a blueprint run for its
    endpoints only, after the application's.
    """


@hookspec(firstresult=True, order="in")
def cocopot_before_request(app: Application, request: Request) -> ResponseValue | None:
    """Act before the view, or answer in its place.

    Fires for every request, also when no route matched (`request.routing_exception` then says why), so that
    authentication and preflights see all of them.

    Args:
        app: The application.
        request: The request.

    Returns:
        `None` to go on. Anything else is the response, as a view would have returned it: the view is not
        called, the after-request hooks are.

    The first result stops the rest. Order: in; `@before_request` functions of the application run after the
    plugins', those of a blueprint for its endpoints only, after the application's.
    """


@hookspec(firstresult=True, order="in")
def cocopot_dispatch_request(app: Application, request: Request) -> ResponseValue | None:
    """Call the view.

    Fires after the before-request hooks, unless one of them answered. The built-in implementation raises
    `request.routing_exception`, answers OPTIONS for a rule that wants it, or calls the view with
    `request.view_args`. Wrap it for transactions, timing or caching.

    Args:
        app: The application.
        request: The request.

    Returns:
        What the view returned.

    The first result stops the rest; nothing but `None` from all of them is an error that names the endpoint.
    Order: in. An exception goes to `cocopot_handle_exception`.
    """


@hookspec(firstresult=True, order="out")
def cocopot_make_response(app: Application, request: Request, value: ResponseValue) -> Response | None:
    """Turn what a view returned into a response.

    Fires for the value of a view, a before-request function, or an error handler. The built-in implementation
    knows strings, bytes, dicts, lists, tuples, iterators, responses and WSGI callables.

    Args:
        app: The application.
        request: The request.
        value: What was returned; never `None`.

    Returns:
        A `cocopot.Response`, or `None` to leave the value to the next implementation.

    The first result stops the rest. Order: out.
    """


@hookspec(threaded="response", result_type="werkzeug.wrappers:Response", order="out")
def cocopot_after_request(app: Application, request: Request, response: Response) -> Response | None:
    """Change or replace the response.

    Fires for every response that is about to be sent, also for those of error handlers and before-request
    hooks. Functions given to `after_this_request` have run before.

    Args:
        app: The application.
        request: The request.
        response: The response that the implementation before this one returned. May be changed in place.

    Returns:
        A response, which the next implementation gets in turn; `None` means unchanged. Anything else is a
        `TypeError` that names the implementation.

    Threaded: each implementation gets what the one before returned. Order: out; functions of a blueprint run
        for its
    endpoints only, before the application's, and those before the plugins'. An exception becomes a 500, whose
    response goes through the hook once more.
    """


@hookspec(firstresult=True, order="out")
def cocopot_handle_exception(app: Application, request: Request, exc: Exception) -> ResponseValue | None:
    """Turn an exception into a response.

    Fires for an exception that left the view or a hook before it, HTTP exceptions included; and once more
    with an `InternalServerError`, whose `original_exception` is what nobody handled. Not for redirects of the
    router.

    Args:
        app: The application.
        request: The request.
        exc: The exception. May be changed in place, such as its `description`.

    Returns:
        A response value, as a view would return it, or `None` to leave the exception to the next
        implementation.

    The first result stops the rest. Order: out: an `@errorhandler` wins over a plain plugin, the most
    specific one first, and the built-in implementation answers HTTP exceptions with themselves. A plugin that
    must come before the application says `tryfirst=True`. An exception that is raised here is not handled
    again: it becomes a 500.
    """


@hookspec(order="out")
def cocopot_got_request_exception(app: Application, request: Request, exc: Exception) -> None:
    """An unhandled exception is about to become a 500: report it.

    Fires before the exception is logged, raised again (in debug and test mode), or answered.

    Args:
        app: The application.
        request: The request.
        exc: The exception that nobody handled.

    A return value is ignored. All implementations run. Order: out. An exception that is raised here replaces
    the first one, which stays its context.
    """


@hookspec(order="out", every=True)
def cocopot_teardown_request(app: Application, request: Request, exc: BaseException | None) -> None:
    """Give back what the request took.

    Fires when the request context is popped, whatever happened: after the response has been handed to the
    server, or, with `stream_with_context` and inside a test client's `with`, when that ends.

    Args:
        app: The application.
        request: The request.
        exc: The unhandled exception that ended the request, or `None`.

    A return value is ignored. Order: out; functions of a blueprint run for its endpoints only, before the
    application's, and those before the plugins'. Every implementation runs, whatever the others do: errors
    are logged by plugin name and, where exceptions propagate, raised together as an `ExceptionGroup`.
    """


@hookspec(order="out", every=True)
def cocopot_teardown_app_context(app: Application, exc: BaseException | None) -> None:
    """Give back what the application context took.

    Fires when an application context is popped: after each request, after `cocopot_teardown_request`, and at
    the end of a command or of `with app.app_context()`.

    Args:
        app: The application.
        exc: The unhandled exception that ended the context, or `None`.

    A return value is ignored. Order: out. Every implementation runs, whatever the others do: errors are
    logged by plugin name and, where exceptions propagate, raised together as an `ExceptionGroup`.
    """


# -------------------------------------------------------------------------
# At any time
# -------------------------------------------------------------------------


@hookspec(order="in")
def cocopot_url_defaults(app: Application, endpoint: str, values: dict[str, Any]) -> None:
    """Fill in values for a URL that is about to be built.

    Fires in `url_for`.

    Args:
        app: The application.
        endpoint: The endpoint, in full.
        values: The values given to `url_for`, to be changed in place.

    A return value is ignored. All implementations run. Order: in; functions of a blueprint run for its
    endpoints only, after the application's. An exception leaves `url_for`.
    """


@hookspec(firstresult=True, order="out")
def cocopot_url_build_error(
    app: Application, error: BuildError, endpoint: str, values: dict[str, Any]
) -> str | None:
    """A URL could not be built: supply one.

    Fires in `url_for` when no rule fits.

    Args:
        app: The application.
        error: What Werkzeug raised.
        endpoint: The endpoint that was asked for.
        values: The values, including `_anchor`, `_method`, `_scheme` and `_external`.

    Returns:
        A URL, or `None` to leave it to the next implementation.

    The first result stops the rest; without one, `error` is raised. Order: out; `@url_build_error_handlers`
    functions of the application come before the plugins'. An implementation may raise a `BuildError` of its
    own, which then is passed on.
    """


@hookspec(firstresult=True, order="out")
def cocopot_json_provider(app: Application) -> JSONProvider | None:
    """Replace the JSON library.

    Fires when `app.json` is asked for the first time.

    Args:
        app: The application.

    Returns:
        A `cocopot.json.JSONProvider`, or `None` to leave it to the next implementation.

    The first result stops the rest: the last loaded plugin wins; the built-in implementation returns the
    standard library's. Order: out.
    """
