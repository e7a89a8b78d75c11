"""What calls each hook in a real application, and tiny plugins that implement it.

A new hook needs a line in `DRIVERS`, and one in `ARGUMENTS` for each argument that has a new name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import ModuleType
from typing import Any, NamedTuple

import click
from werkzeug.exceptions import NotFound
from werkzeug.routing import BuildError

from cocopot import (
    Cocopot,
    PluginManager,
    Request,
    Response,
    flash,
    hookimpl,
    render_template_string,
    session,
    url_for,
)
from cocopot.cli.plugin_findings import findings_of_plugins
from cocopot.context import CURRENT
from cocopot.coroutines import CoroutineOutcome
from cocopot.hooks import specs
from cocopot.hooks.results import ResultError
from cocopot.json import DefaultJSONProvider
from cocopot.sessions import Session, SessionInterface
from tests.template_engines import BracesEngine, BracesTemplate

SPECS: dict[str, Any] = {spec.__name__: spec for spec in specs.CONTRACT}

# -------------------------------------------------------------------------
# What each hook needs: the tests of a new one fail until it is here
# -------------------------------------------------------------------------


def create_again(app: Cocopot, path: str) -> None:
    """Create another application with the same plugins, which are loaded by name."""
    Cocopot("shop", autoload=False, plugins=[record.plugin for record in app.plugins.records("plugin")])


def request(app: Cocopot, path: str) -> None:
    """Send a request."""
    app.test_client().get(path)


def request_missing(app: Cocopot, path: str) -> None:
    """Send a request that ends in a 404."""
    app.test_client().get("/missing")


def request_broken(app: Cocopot, path: str) -> None:
    """Send a request that ends in a 500."""
    app.testing = False
    app.test_client().get("/broken")


def request_async(app: Cocopot, path: str) -> None:
    """Send a request to a view that is a coroutine function."""
    app.test_client().get("/async")


def request_json(app: Cocopot, path: str) -> None:
    """Send a request for JSON."""
    app.test_client().get("/json")


def use_session(app: Cocopot, path: str) -> None:
    """Send a request whose view reads the session."""
    app.test_client().get("/session")


def show_commands(app: Cocopot, path: str) -> None:
    """List the commands of the application."""
    app.test_cli_runner().invoke(args=["--help"])


def make_shell_context(app: Cocopot, path: str) -> None:
    """Collect the names for the shell."""
    app.make_shell_context()


def check(app: Cocopot, path: str) -> None:
    """Ask the plugins as `cocopot check` does; they may return anything."""
    with app.app_context(), suppress(ResultError):
        list(findings_of_plugins(app))


def take_inventory(app: Cocopot, path: str) -> None:
    """Ask the plugins as `cocopot plan` does."""
    with app.app_context():
        app.plugins.hook.cocopot_inventory(app=app)


def build(app: Cocopot, path: str) -> None:
    """Build the URL of the endpoint that a path belongs to."""
    with app.test_request_context("/"):
        url_for({"/": "index", "/outer/inner/": "outer.inner.index"}[path])


def build_missing(app: Cocopot, path: str) -> None:
    """Build the URL of an endpoint that does not exist."""
    with app.test_request_context(path), suppress(BuildError):
        url_for("missing")


def read_engine(app: Cocopot, path: str) -> None:
    """Read the template engine, if a plugin returns one."""
    with suppress(RuntimeError):
        app.template_engine  # noqa: B018 - reading it calls the hook


def render(app: Cocopot, path: str) -> None:
    """Render a template in a request to a path."""
    app.template_engine = BracesEngine(app)
    with app.test_request_context(path):
        render_template_string("text")


def flash_message(app: Cocopot, path: str) -> None:
    """Flash a message in a request to a path."""
    with app.test_request_context(path):
        flash("Saved.")


def start_and_close(app: Cocopot, path: str) -> None:
    """Start an application and close it."""
    app.start()
    app.close()


def enter_and_leave(app: Cocopot, path: str) -> None:
    """Push an application context and pop it."""
    with app.app_context():
        pass


class Driver(NamedTuple):
    """What the contract promises of a hook, and what makes the framework call it.

    Args:
        kind: How results are used, as `PluginManager.kind` has it, or `"historic"`.
        order: `"in"` or `"out"`.
        drive: Makes the framework call the hook once; takes an application and a path.
        decorator: Registers a function of the application, or of a blueprint if that has it, for the hook.
        has_default: Whether the driver reaches a built-in implementation.
    """

    kind: str
    order: str
    drive: Callable[[Cocopot, str], object]
    decorator: str = ""
    has_default: bool = False


DRIVERS = {
    "cocopot_addhooks": Driver("historic", "in", create_again),
    "cocopot_config_defaults": Driver("all", "in", create_again),
    "cocopot_setup": Driver("historic", "in", create_again, has_default=True),
    "cocopot_register_commands": Driver("all", "in", show_commands),
    "cocopot_shell_context": Driver("all", "in", make_shell_context, "shell_context_processor"),
    "cocopot_startup": Driver("all", "in", request, "on_startup"),
    "cocopot_wsgi": Driver("threaded", "out", request),
    "cocopot_shutdown": Driver("every", "out", start_and_close, "on_shutdown"),
    "cocopot_check": Driver("all", "in", check),
    "cocopot_inventory": Driver("all", "in", take_inventory),
    "cocopot_request_started": Driver("all", "in", request),
    "cocopot_url_value_preprocessor": Driver("all", "in", request, "url_value_preprocessor"),
    "cocopot_open_session": Driver("first", "in", use_session, has_default=True),
    "cocopot_before_request": Driver("first", "in", request, "before_request"),
    "cocopot_dispatch_request": Driver("first", "in", request, has_default=True),
    "cocopot_template_engine": Driver("first", "out", read_engine),
    "cocopot_template_context": Driver("all", "in", render, "context_processor"),
    "cocopot_template_rendered": Driver("all", "out", render),
    "cocopot_message_flashed": Driver("all", "out", flash_message),
    "cocopot_make_response": Driver("first", "out", request, has_default=True),
    "cocopot_after_request": Driver("threaded", "out", request, "after_request"),
    "cocopot_save_session": Driver("first", "out", use_session, has_default=True),
    "cocopot_handle_exception": Driver("first", "out", request_missing, has_default=True),
    "cocopot_got_request_exception": Driver("all", "out", request_broken),
    "cocopot_teardown_request": Driver("every", "out", request, "teardown_request"),
    "cocopot_teardown_app_context": Driver("every", "out", enter_and_leave, "teardown_appcontext"),
    "cocopot_response_closed": Driver("every", "out", request),
    "cocopot_run_coroutine": Driver("first", "out", request_async, has_default=True),
    "cocopot_url_defaults": Driver("all", "in", build, "url_defaults"),
    "cocopot_url_build_error": Driver("first", "out", build_missing, "url_build_error_handler"),
    "cocopot_json_provider": Driver("first", "out", request_json, has_default=True),
}
#: For each name of an argument: its type in every call, and what is passed in a call by name.
ARGUMENTS: dict[str, tuple[Any, Callable[[Cocopot, Request], object]]] = {
    "app": (Cocopot, lambda app, request: app),
    "pluginmanager": (PluginManager, lambda app, request: app.plugins),
    "cli": (click.Group, lambda app, request: click.Group("group")),
    "request": (Request, lambda app, request: request),
    "endpoint": (str, lambda app, request: request.endpoint),
    "view_args": (dict, lambda app, request: {}),
    "values": (dict, lambda app, request: {}),
    "template": (BracesTemplate, lambda app, request: BracesTemplate(app, "text", None)),
    "context": (dict, lambda app, request: {}),
    "message": (str, lambda app, request: "Saved."),
    "category": (str, lambda app, request: "message"),
    "value": (str, lambda app, request: "text"),
    "session": (Session, lambda app, request: Session()),
    "coroutine": (Coroutine, lambda app, request: awaited()),
    "response": (Response, lambda app, request: Response("text")),
    "wsgi": (Callable, lambda app, request: app.wsgi_app),
    "exc": ((Exception, type(None)), lambda app, request: NotFound()),
    "error": (BuildError, lambda app, request: BuildError("missing", {}, None, None)),
}


def result_of(hook: str, name: str) -> object:
    """Return what the plugin `name` may return from a hook."""
    if hook == "cocopot_json_provider":
        return DefaultJSONProvider(Cocopot("other"))
    if hook == "cocopot_template_engine":
        return BracesEngine(Cocopot("other"))
    if hook == "cocopot_open_session":
        return Session()
    if hook == "cocopot_save_session":
        return True
    if hook == "cocopot_run_coroutine":
        return CoroutineOutcome(name)
    if hook in ("cocopot_make_response", "cocopot_after_request", "cocopot_wsgi"):
        return Response(name)
    mappings = {
        "cocopot_config_defaults": {name.upper(): name},
        "cocopot_shell_context": {name: name},
        "cocopot_inventory": {name: [name]},
        "cocopot_template_context": {name: name},
    }
    return mappings.get(hook, name)


def in_order(hook: str, names: list[str]) -> list[str]:
    """Return names that are in load order in the order of a hook."""
    return names[::-1] if DRIVERS[hook].order == "out" else names


# -------------------------------------------------------------------------
# Tiny plugins, and the two ways to call a hook
# -------------------------------------------------------------------------


def plugin(name: str, hook: str, function: Callable[..., object], **options: bool) -> ModuleType:
    """Return a plugin that implements one hook; plugins are loaded in the order of their names."""
    module = ModuleType(name)
    setattr(module, hook, hookimpl(function, **options))  # type: ignore[call-overload]
    return module


def recorder(calls: list[str], name: str, hook: str, result: object = None, **options: bool) -> ModuleType:
    """Return a plugin that records its name, and returns `result`."""

    def implementation() -> object:
        calls.append(name)
        return result

    return plugin(name, hook, implementation, **options)


class EmptySessions(SessionInterface):
    """Opens a new session for every request, and stores none."""

    def open_session(self, app: Cocopot, request: Request) -> Session:
        """Return a new session."""
        return Session()


class Shop(Cocopot):
    """An application that has sessions without a plugin."""

    session_interface = EmptySessions()


async def async_view() -> str:
    """Return a text."""
    return "view"


async def awaited() -> CoroutineOutcome:
    """Return what the coroutine of such a view returns to the framework."""
    return CoroutineOutcome("view")


def shop(*plugins: ModuleType) -> Cocopot:
    """Return an application with views and these plugins."""
    app = Shop("shop", autoload=False, plugins=plugins)
    app.testing = True
    app.add_url_rule("/", "index", lambda: "view")
    app.add_url_rule("/json", "json", lambda: {"some": "json"})
    app.add_url_rule("/session", "session", lambda: f"{len(session)} keys")
    app.add_url_rule("/async", "async", async_view)
    app.add_url_rule("/broken", "broken", lambda: str(1 / 0))
    return app


def driven(app: Cocopot, hook: str, path: str = "/") -> object:
    """Let the framework call a hook; the result stays inside it."""
    return DRIVERS[hook].drive(app, path)


def by_name(app: Cocopot, hook: str, path: str = "/") -> object:
    """Call a hook by its name in a request, as a plugin may, and return the result."""
    context = app.test_request_context(path)
    assert context.request is not None
    names = inspect.signature(SPECS[hook]).parameters
    arguments = {name: ARGUMENTS[name][1](app, context.request) for name in names}
    caller = getattr(app.plugins.hook, hook)
    token = CURRENT.set(context)
    try:
        return (
            caller.call_historic(kwargs=arguments)
            if DRIVERS[hook].kind == "historic"
            else caller(**arguments)
        )
    finally:
        CURRENT.reset(token)
        if isinstance(coroutine := arguments.get("coroutine"), Coroutine):
            coroutine.close()  # most plugins of the tests do not run it
