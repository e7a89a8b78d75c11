"""The start and the end of an application: each happens once, in whichever thread comes first."""

from __future__ import annotations

import atexit
import threading
import weakref
from typing import TYPE_CHECKING

from cocopot.hooks.reporting import run_every

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.hooks.loading import Loader


class Lifespan:
    """Runs the startup and the shutdown hooks of an application.

    Args:
        app: The application; its attribute `started` is set here.
        loader: What has loaded the application's plugins.
    """

    def __init__(self, app: Cocopot, loader: Loader) -> None:
        self._app = app
        self._loader = loader
        self._lock = threading.RLock()
        self._is_starting = False
        self._closes_at_exit = False

    def start(self) -> None:
        """Run the startup hooks, unless they have run.

        Raises:
            PluginError: If a plugin implements an unknown hook.
            ConfigError: If keys of the core have invalid values.
        """
        with self._lock:
            if self._app.started or self._is_starting:
                return
            self._is_starting = True
            try:
                self._loader.check()
                self._app.config.check()
                with self._app.app_context():
                    self._loader.run_startup(self._app)
                self._app.started = True
            finally:
                self._is_starting = False
            if not self._closes_at_exit:
                self._closes_at_exit = True
                atexit.register(_close, weakref.ref(self._app))

    def close(self) -> None:
        """Run the shutdown hooks, if the application has been started.

        Raises:
            ExceptionGroup: Of what they raised, after all have run.
        """
        app = self._app
        with self._lock:
            if not app.started:
                return
            app.started = False
            self._loader.forget_startup()
            with app.app_context():
                run_every(app, lambda: app.plugins.hook.cocopot_shutdown(app=app), always_raise=True)


def _close(ref: weakref.ref[Cocopot]) -> None:
    if (app := ref()) is not None:
        app.close()
