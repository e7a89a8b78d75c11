"""What runs an application: the development server, the test clients, and the command line."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from cocopot.environment import is_true
from cocopot.proxies import g
from cocopot.registry.decorators import AppRegistrar

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.cli.groups import ApplicationGroup
    from cocopot.context import Context
    from cocopot.testing.client import Client, CliRunner


class Runnable(AppRegistrar):
    """A registry of routes and functions that can be run without a WSGI server of its own."""

    #: Class of what `test_client` returns; `None` for `cocopot.testing.Client`.
    test_client_class: type[Client] | None = None
    #: Class of what `test_cli_runner` returns; `None` for `cocopot.testing.CliRunner`.
    test_cli_runner_class: type[CliRunner] | None = None

    @property
    def _app(self) -> Cocopot:
        return cast("Cocopot", self)

    def run(
        self, host: str | None = None, port: int | None = None, debug: bool | None = True, **options: Any
    ) -> None:
        """Run the application on a local development server.

        Args:
            host: Host name to listen on; `"0.0.0.0"` makes it available to other machines. By default
                `127.0.0.1`, or that of SERVER_NAME.
            port: Port; by default 5000, or that of SERVER_NAME.
            debug: Whether debug mode is on, with reloader and debugger; `None`: as configured. If the
                environment variable COCOPOT_DEBUG is set, it takes precedence over `True`, the default.
            options: What `werkzeug.serving.run_simple` takes, and `graceful_timeout`: how many seconds
                requests have to finish at the end, by default 5. The debugger stays off on a host that is
                not this machine's own, unless `use_debugger=True` is passed.
        """
        from cocopot.serving import run_app

        if debug and (variable := os.environ.get("COCOPOT_DEBUG")):
            debug = is_true(variable)
        run_app(self._app, host, port, debug=self._app.debug if debug is None else debug, **options)

    def test_client(self, use_cookies: bool = True, **kwargs: Any) -> Client:
        """Return a client that sends requests to the application without a server.

        Args:
            use_cookies: Whether it keeps cookies.
            kwargs: Passed to `test_client_class`, by default `cocopot.testing.Client`.
        """
        from cocopot.testing.client import Client

        return (self.test_client_class or Client)(self._app, use_cookies=use_cookies, **kwargs)

    def test_cli_runner(self, **kwargs: Any) -> CliRunner:
        """Return a runner for the application's commands in tests.

        Args:
            kwargs: Passed to `test_cli_runner_class`, by default `cocopot.testing.CliRunner`.
        """
        from cocopot.testing.client import CliRunner

        return (self.test_cli_runner_class or CliRunner)(self._app, **kwargs)

    def test_request_context(self, *args: Any, **kwargs: Any) -> Context:
        """Return a request context for a request that is built from arguments.

        Args:
            args: As for `werkzeug.test.EnvironBuilder`: the path first.
            kwargs: As for `werkzeug.test.EnvironBuilder`, such as `method=` and `json=`.
        """
        from cocopot.testing.client import EnvironBuilder

        builder = EnvironBuilder(self._app, *args, **kwargs)
        try:
            return self._app.request_context(builder.get_environ())
        finally:
            builder.close()

    @cached_property
    def cli(self) -> ApplicationGroup:
        """The group of the application's own commands."""
        from cocopot.cli import make_group

        return make_group(self._app)

    def make_shell_context(self) -> dict[str, Any]:
        """Return the names for the interactive shell."""
        context: dict[str, Any] = {"app": self._app, "g": g}
        for names in self._app.plugins.hook.cocopot_shell_context(app=self):
            context.update(names)
        return context
