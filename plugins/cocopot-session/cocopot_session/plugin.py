"""The plugin: opens and saves the sessions of requests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cocopot import hookimpl
from cocopot_session.cookies import SessionCookie
from cocopot_session.hooks import SessionHooks
from cocopot_session.options import DEFAULTS, compile_options
from cocopot_session.saving import observe
from cocopot_session.session import Session
from cocopot_session.signed import SignedCookies
from cocopot_session.stored import StoredSessions
from cocopot_session.stores import open_store
from cocopot_session.stores.urls import MASK, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click

    from cocopot import Cocopot, PluginManager, Request, Response
    from cocopot.cli import Finding
    from cocopot.sessions import Session as BaseSession
    from cocopot_session.storage import Storage
    from cocopot_session.stores.base import Store

#: The key of the plugin's state in `app.extensions`.
NAME = "session"


@dataclass(slots=True)
class State:
    """What the plugin knows of an application.

    Args:
        app: The application.
        cookie: The cookie of its sessions.
        storage: What opens and saves them.
        store: What they are stored in; `None` for signed cookies.
    """

    app: Cocopot
    cookie: SessionCookie
    storage: Storage
    store: Store | None


class Sessions:
    """Open and save sessions: in signed cookies, or in a store.

    Example:
        ```python
        from cocopot import Cocopot, session
        from cocopot_session import Sessions

        app = Cocopot(__name__, autoload=False, plugins=[Sessions])
        app.secret_key = "fixed in this example only; use 32 random bytes"

        @app.get("/")
        def count():
            session["visits"] = session.get("visits", 0) + 1
            return str(session["visits"])

        client = app.test_client()
        assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]
        ```
    """

    #: The name under which it is registered when it is passed to an application as an object.
    plugin_name = NAME

    def __init__(self) -> None:
        # What has been read of the attributes of the application; what differs from it has been assigned.
        self._computed: WeakKeyDictionary[Cocopot, dict[str, object]] = WeakKeyDictionary()

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
        """Add the hooks of this plugin."""
        pluginmanager.add_hookspecs(SessionHooks)

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, object]:
        """Return the defaults of the configuration keys."""
        return DEFAULTS

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Add Flask's attributes for sessions to the application, unless its class has them."""
        for name in _ATTRIBUTES:
            if not hasattr(type(app), name):
                app.add_property(name, partial(self._compute, name))

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Validate the configuration, and open the store, without connecting to it.

        Raises:
            PluginError: If the configuration is invalid; the message has the key and the value, and how to
                correct it.
        """
        close(app)  # that of an earlier start
        for name, (key, _) in _ATTRIBUTES.items():
            if name in vars(app):
                value = vars(app).pop(name)
                if value is not self._computed.get(app, {}).get(name):
                    app.config[key] = value
        app.extensions[NAME] = _make_state(app)

    def _compute(self, name: str, app: Cocopot) -> object:
        value = _ATTRIBUTES[name][1](app)
        self._computed.setdefault(app, {})[name] = value
        return value

    @hookimpl
    def cocopot_shutdown(self, app: Cocopot) -> None:
        """Close the store."""
        close(app)

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        """Add `cocopot session`."""
        from cocopot_session.command import command

        cli.add_command(command)

    @hookimpl
    def cocopot_check(self, app: Cocopot) -> list[Finding]:
        """Report a store that cannot be reached, and what is a risk in production."""
        from cocopot_session.checks import find_all

        return list(find_all(app, state_of(app).store))

    @hookimpl
    def cocopot_open_session(self, app: Cocopot, request: Request) -> BaseSession | None:
        """Return the session of a request."""
        session = state_of(app).storage.open(app, request)
        if type(session) is Session:
            observe(app, "session_opened", request, session)
        return session

    @hookimpl
    def cocopot_save_session(
        self, app: Cocopot, request: Request, session: BaseSession, response: Response
    ) -> bool | None:
        """Save a session of this plugin, and set its cookie."""
        if type(session) is not Session:
            return None
        state_of(app).storage.save(app, request, session, response)
        return True


def state_of(app: Cocopot) -> State:
    """Return what the plugin knows of an application; one that has not started is configured now."""
    state: State | None = app.extensions.get(NAME)
    if state is None:
        state = app.extensions[NAME] = _make_state(app)
    return state


def close(app: Cocopot) -> None:
    """Close the store of an application, if one is open."""
    state: State | None = app.extensions.pop(NAME, None)
    if state is not None and state.store is not None:
        state.store.close()


def _make_state(app: Cocopot) -> State:
    options = compile_options(app.config)
    cookie = SessionCookie(app, options)
    store = _open_store(app)
    if store is None:
        return State(app, cookie, SignedCookies(app, options, cookie), None)
    return State(app, cookie, StoredSessions(app, options, cookie, store), store)


def _open_store(app: Cocopot) -> Store | None:
    """Return what a plugin, or the configuration, has for the sessions; `None` for signed cookies.

    Raises:
        PluginError: If the configuration is invalid, or a library is missing.
    """
    store: Store | None = app.plugins.hook.session_store(app=app)
    url = app.config["SESSION_STORE"]
    if store is not None or url in (None, "cookie"):
        return store
    try:
        return open_store(url, app)
    except (ValueError, ModuleNotFoundError) as error:
        shown = repr(masked(url) + (f"?{MASK}" if "?" in url else ""))
        raise app.config.invalid_value("SESSION_STORE", str(error), shown=shown) from error


#: The attributes of an application, by name, each with its key and the function that makes its value.
_ATTRIBUTES: Mapping[str, tuple[str, Callable[[Cocopot], object]]] = {
    "session_cookie_name": (
        "SESSION_COOKIE_NAME",
        lambda app: SessionCookie(app, compile_options(app.config)).secure_name,
    ),
    "permanent_session_lifetime": (
        "PERMANENT_SESSION_LIFETIME",
        lambda app: app.config["PERMANENT_SESSION_LIFETIME"],
    ),
}
