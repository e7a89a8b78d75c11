"""The start and the end of an application: each happens once, in whichever thread comes first."""

from __future__ import annotations

import atexit
import functools
import sys
import threading
import weakref
from contextlib import nullcontext
from typing import TYPE_CHECKING

from cocopot.exceptions import StartupTimeout
from cocopot.hooks.loading import Loader
from cocopot.hooks.reporting import run_every
from cocopot.locations import SourceLocation, at_place, is_foreign
from cocopot.open_streams import end_event_streams
from cocopot.pipeline.defaults import BUILTINS
from cocopot.pipeline.defaults.coroutines import claim_event_loop, release_event_loop
from cocopot.pipeline.middleware import Middleware
from cocopot.registry.route_options import check_route_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cocopot.app import Cocopot
    from cocopot.hooks.loading import OnError
    from cocopot.hooks.selection import Selection


class Lifespan:
    """Runs the startup and the shutdown hooks of an application.

    Args:
        app: The application; its attribute `started` is set here.
        loader: What has loaded the application's plugins.
    """

    def __init__(self, app: Cocopot, loader: Loader) -> None:
        self._app = app
        self._loader = loader
        self._lock = app.plugins.lifespan_lock
        self._middleware = Middleware(app, functools.partial(setattr, app, "_outermost"))
        app.plugins.on_remove, loader.on_late_start = self._middleware.remove, self._middleware.insert
        #: The thread in which the startup hooks run, while they do.
        self._thread: int | None = None
        self._closes_at_exit = False

    @classmethod
    def begin(
        cls, app: Cocopot, selection: Selection, explicit: Iterable[object], on_error: OnError
    ) -> Lifespan:
        """Register the built-in defaults and the plugins of an application, and set them up.

        Args:
            app: The application.
            selection: Which installed plugins to load, and which names not to.
            explicit: Objects, modules or classes to register beside them.
            on_error: `"raise"`, or `"warn"` to log an error and skip that plugin entirely.

        Raises:
            PluginError: If a plugin cannot be loaded, or raised.
        """
        loader = Loader(app.plugins, on_error)
        for name, builtin in BUILTINS.items():
            app.plugins.register(builtin, name, origin="builtin")
        loader.load(selection, explicit)
        loader.set_up(app)
        return cls(app, loader)

    def start(self) -> None:
        """Run the startup hooks, unless they have run; if they run in another thread, wait for them.

        Raises:
            PluginError: If a plugin implements an unknown hook.
            ConfigError: If keys of the core have invalid values.
            RouteOptionError: If route options are not declared, or have invalid values.
            StartupTimeout: If they run in another thread for longer than `STARTUP_TIMEOUT`.
        """
        self._acquire_lock()
        try:  # not a context manager of contextlib, which sets an attribute of the exception
            if not (self._app.started or self._thread == threading.get_ident()):
                self._start()
        finally:
            self._lock.release()

    def _start(self) -> None:
        if self._thread is not None:  # of the parent of this process, which has forked meanwhile
            self._loader.forget_startup()
        self._thread = threading.get_ident()
        claim_event_loop(self._app)
        try:
            self._loader.check()
            self._app.config.check()
            check_route_options(self._app)
            checked = _extent(self._app)
            hooks = ("cocopot_startup", "cocopot_wsgi")
            is_used = any(self._app.plugins.call_order(hook) for hook in hooks)
            with self._app.app_context() if is_used else nullcontext():
                self._loader.run_startup(self._app)
                self._middleware.compose()
            if _extent(self._app) != checked:  # startup hooks may add routes
                check_route_options(self._app)
            self._app.started = True
        finally:
            if not self._app.started:
                self._loader.forget_startup()
            self._thread = None
        if not self._closes_at_exit:
            self._closes_at_exit = True
            atexit.register(_close, weakref.ref(self._app))

    def close(self) -> None:
        """Run the shutdown hooks, if the application has been started.

        Raises:
            ExceptionGroup: Of what they raised, after all have run.
        """
        app = self._app
        is_started = app.started
        if not is_started:  # a startup that does not end must not keep the process from ending
            if self._thread is None:  # coroutines may have run in an application context
                release_event_loop(app)
            return
        with self._lock:
            if not app.started:
                return
            app.started = False
            self._middleware.reset()
            self._loader.forget_startup()
            end_event_streams(app)
            try:
                with app.app_context():
                    run_every(app, lambda: app.plugins.hook.cocopot_shutdown(app=app), raises=True)
            finally:  # what ends the context may be a coroutine function, too
                release_event_loop(app)

    def _acquire_lock(self) -> None:
        """Acquire the lock, after waiting for no longer than `STARTUP_TIMEOUT`."""
        if self._lock.acquire(blocking=False):
            return
        self._app.config.check()  # the other thread may not have come to it
        limit: int | None = self._app.config["STARTUP_TIMEOUT"]
        if not self._lock.acquire(timeout=-1 if limit is None else min(limit, threading.TIMEOUT_MAX)):
            self._app.logger.error(
                "A request has waited for the startup hooks for %s seconds (STARTUP_TIMEOUT), and is a 503. "
                "They run in another thread. If they wait for a request to this application, send it with "
                "app.test_client() in the hook, or after the start.%s",
                limit,
                at_place(_place_of(self._thread)),
            )
            raise StartupTimeout(retry_after=limit or 1)


def _place_of(thread: int | None) -> SourceLocation | None:
    """Return the line of the startup hook that a thread runs; `None` if it is unknown."""
    frame = None if thread is None else sys._current_frames().get(thread)  # noqa: SLF001 - of another thread
    place = None
    while frame is not None and frame.f_code is not Lifespan.start.__code__:
        if is_foreign(frame):
            place = SourceLocation(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return place


def _extent(app: Cocopot) -> tuple[int, ...]:
    """Return how many rules, route options and blueprints an application has."""
    return sum(1 for _ in app.router.iter_rules()), len(app.route_options), len(app.blueprints)


def _close(ref: weakref.ref[Cocopot]) -> None:
    if (app := ref()) is not None:
        app.close()
