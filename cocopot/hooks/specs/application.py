"""Hooks of an application: its set-up, its start and its end, and what it uses at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import click

    from cocopot.app import Cocopot
    from cocopot.cli.findings import Finding
    from cocopot.coroutines import AnyCoroutine, CoroutineOutcome
    from cocopot.hooks.manager import PluginManager
    from cocopot.json import JSONProvider
    from cocopot.types import WSGIApplication


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


@hookspec(since="1.0", order="in", result_type="collections.abc:Iterable")
def cocopot_check(app: Cocopot) -> Iterable[Finding] | None:
    """Report what is wrong with the application before it is deployed.

    Fires in `cocopot check`, after the application has been started, in an application context; never while
    requests are served.

    Args:
        app: The application.

    Returns:
        Objects of `cocopot.cli.Finding`: an `"error"` is a fault in every environment, a `"warning"` a risk
        in production. One of kind `"plugin"` that names no plugin is that of the plugin which returns it.

    All implementations run. Order: in. An exception becomes an error that names the plugin, and stops the
    implementations that have not run yet.
    """


@hookspec(since="1.0", order="in", result_type="collections.abc:Mapping")
def cocopot_inventory(app: Cocopot) -> Mapping[str, Iterable[str]] | None:
    """List what an application has of which Cocopot does not know, such as migrations or scheduled tasks.

    Fires in `cocopot plan`, for the application as it is and as it would be, in an application context; the
    application is not started. Never fires while requests are served. Read the code, and not a database.

    Args:
        app: The application.

    Returns:
        Headings, such as `"Migrations"`, each with its entries: texts that identify one thing each, with the
        name of the plugin that it belongs to. What only one of the two has is shown as added or removed.

    All implementations run. Order: in. An exception is an error of the plan, with the name of the plugin.
    """


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
