"""The engines of an application: created from its configuration, and disposed of after a fork."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from cocopot import PluginError
from cocopot_sqlalchemy.options import check_keys, parse_url
from cocopot_sqlalchemy.sqlite import is_in_memory, listen_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Cocopot

#: The name of the engine of SQLALCHEMY_DATABASE_URI.
DEFAULT: Final = "default"
_URI: Final = "SQLALCHEMY_DATABASE_URI"
_BINDS: Final = "SQLALCHEMY_BINDS"
_OPTIONS: Final = "SQLALCHEMY_ENGINE_OPTIONS"


class Engines:
    """Creates the engines of an application once for each process.

    Args:
        app: The application.
        prepare: Called with the name of each engine and the engine, before the hook.
    """

    def __init__(self, app: Cocopot, prepare: Callable[[str, Engine], object]) -> None:
        self._app = app
        self._prepare = prepare
        #: Held while the engines, and what depends on them, are created.
        self.lock = RLock()
        self._engines: dict[str, Engine] | None = None
        _forked.add(self)

    def get(self) -> dict[str, Engine]:
        """Return the engines by name.

        Raises:
            PluginError: The configuration is invalid.
        """
        engines = self._engines
        if engines is None:
            with self.lock:
                engines = self._engines
                if engines is None:
                    engines = self._create()
                    self._engines = engines
        return engines

    def close(self) -> None:
        """Close the pools; `get` creates new engines then."""
        with self.lock:
            engines, self._engines = self._engines or {}, None
        for engine in engines.values():
            engine.dispose()

    def forget_connections(self) -> None:
        """Forget the connections of the parent process, without closing them, and a lock of its threads."""
        self.lock = RLock()
        for engine in (self._engines or {}).values():
            engine.dispose(close=False)

    def _create(self) -> dict[str, Engine]:
        app, config = self._app, self._app.config
        check_keys(config)
        binds = config[_BINDS]
        if not isinstance(binds, Mapping) or not all(isinstance(name, str) for name in binds):
            raise _invalid_binds(app, "Give a mapping of names to database URLs.")
        if DEFAULT in binds and config[_URI] is not None:
            raise _invalid_binds(app, f"The database {DEFAULT!r} is that of {_URI}: set one of them.")
        values = {DEFAULT: config[_URI], **binds}
        engines = {name: _create_engine(app, name, value) for name, value in values.items()}
        hook = app.plugins.compiled_hook("sqlalchemy_engine")
        for name, engine in engines.items():
            self._prepare(name, engine)
            if hook is not None:
                hook(app, name, engine)
        return engines


def _create_engine(app: Cocopot, name: str, value: object) -> Engine:
    key = _URI if name == DEFAULT else _BINDS
    options: dict[str, Any] = {"echo": app.config["SQLALCHEMY_ECHO"]}
    options.update(app.config[_OPTIONS])
    if isinstance(value, Mapping):
        options.update(value)
        value = options.pop("url", None)
    url = _default_url(app) if value is None and name == DEFAULT else parse_url(app.config, key, value)
    is_sqlite = url.get_backend_name() == "sqlite"
    options.setdefault("pool_pre_ping", not is_sqlite)  # no server closes a connection to a file
    if is_sqlite and is_in_memory(url):
        # One connection for all threads: each would have an empty database of its own.
        options.setdefault("poolclass", StaticPool)
        options["connect_args"] = {"check_same_thread": False, **options.get("connect_args", {})}
    elif is_sqlite:
        url = _in_instance_folder(app, url)
    try:
        engine = create_engine(url, **options)
    except (ArgumentError, TypeError, ImportError) as error:
        raise PluginError(
            f"The engine {name!r} of {key} (set by {app.config.origin(key)}) cannot be created for "
            f"{url.render_as_string()}, with the options {', '.join(options)} "
            f"({_OPTIONS} is set by {app.config.origin(_OPTIONS)}): {error}",
            plugin="sqlalchemy",
            hook="cocopot_startup",
        ) from error
    if is_sqlite:
        listen_to(engine)
    return engine


def _default_url(app: Cocopot) -> URL:
    return URL.create("sqlite", database=str(Path(app.instance_path) / "app.sqlite"))


def _in_instance_folder(app: Cocopot, url: URL) -> URL:
    """Return a URL whose file is absolute; a relative one is in the instance folder."""
    database = url.database or ""
    if database.startswith("file:"):  # a URI of SQLite, which is used as it is
        return url
    return url.set(database=str(Path(app.instance_path) / database))


def _invalid_binds(app: Cocopot, remedy: str) -> PluginError:
    # Without the value, which may contain passwords.
    return app.config.invalid_value(_BINDS, remedy, shown="not valid")


#: The engines of all applications of this process.
_forked: weakref.WeakSet[Engines] = weakref.WeakSet()


def _forget_all() -> None:
    for engines in list(_forked):
        engines.forget_connections()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
