"""The test client, the runner of commands, and what makes their requests."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import werkzeug.test
import werkzeug.wrappers
from click.testing import CliRunner as ClickCliRunner

from cocopot.context import CURRENT, Context

if TYPE_CHECKING:
    from typing import Self

    import click
    from click.testing import Result
    from werkzeug.test import TestResponse

    from cocopot.types import Application

__all__ = ["CliRunner", "Client", "EnvironBuilder"]


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """Werkzeug's builder of WSGI environments, with the application's SERVER_NAME and JSON library.

    Args:
        app: The application.
        path: Path, or full URL.
        base_url: Scheme, host and root path; by default made of the configuration.
        subdomain: Put before SERVER_NAME.
        url_scheme: Scheme; by default PREFERRED_URL_SCHEME.
        args: As for Werkzeug's class.
        kwargs: As for Werkzeug's class.

    Raises:
        TypeError: If `base_url`, or a full URL, is given beside `subdomain` or `url_scheme`.
    """

    def __init__(
        self,
        app: Application,
        path: str = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self.app = app
        parts = urlsplit(path)
        if (base_url is not None or parts.netloc) and not (subdomain is None and url_scheme is None):
            raise TypeError("Pass base_url or a full URL, or subdomain and url_scheme, but not both.")
        if base_url is None and not parts.netloc:
            base_url = self._base_url(subdomain, url_scheme)
        elif base_url is None:
            base_url = f"{parts.scheme or 'http'}://{parts.netloc}/"
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        super().__init__(path, base_url, *args, **kwargs)

    def _base_url(self, subdomain: str | None, url_scheme: str | None) -> str:
        config = self.app.config
        host = config["SERVER_NAME"] or "localhost"
        if subdomain is not None:
            host = f"{subdomain}.{host}"
        root = config["APPLICATION_ROOT"].lstrip("/")
        return f"{url_scheme or config['PREFERRED_URL_SCHEME']}://{host}/{root}"

    def json_dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return `obj` as JSON text, by the application's provider."""
        return str(self.app.json.dumps(obj, **kwargs))


class Client(werkzeug.test.Client):
    """Werkzeug's test client for a Cocopot application.

    Inside `with`, the context of the last request stays open after it, so that `request` and `g` can be
    looked at; its teardown hooks run at the next request or at the end of the block.

    Args:
        app: The application.
        args: As for Werkzeug's class.
        kwargs: As for Werkzeug's class.
    """

    application: Any

    def __init__(self, app: Application, *args: Any, **kwargs: Any) -> None:
        super().__init__(cast("Any", app), app.response_class, *args, **kwargs)
        self.environ_base: dict[str, Any] = {"REMOTE_ADDR": "127.0.0.1"}
        self._preserves = False
        self._kept = ExitStack()
        self._new: list[Context] = []

    def open(
        self,
        *args: Any,
        buffered: bool = False,
        follow_redirects: bool = False,
        **kwargs: Any,
    ) -> TestResponse:
        """Send a request.

        Args:
            args: The path and what else `EnvironBuilder` takes, or a builder, a request or an environment.
            buffered: Whether to read the body at once and close the response.
            follow_redirects: Whether to follow redirects.
            kwargs: As for `EnvironBuilder`, such as `method=`, `json=`, `data=`, `headers=`, `query_string=`.
        """
        request = self._request_of(args, kwargs)
        self._kept.close()
        try:
            response = super().open(request, buffered=buffered, follow_redirects=follow_redirects)
        finally:
            for context in self._new:
                self._kept.callback(CURRENT.reset, CURRENT.set(context))
                self._kept.callback(context.release)
            self._new.clear()
        response.json_module = cast("Any", _JSONOf(self.application))  # a module in Werkzeug
        return response

    def _request_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> werkzeug.wrappers.Request:
        first = args[0] if len(args) == 1 and not kwargs else None
        if isinstance(first, Mapping):
            return werkzeug.wrappers.Request(self._environ(first))
        if isinstance(first, werkzeug.wrappers.Request):
            return werkzeug.wrappers.Request(self._environ(first.environ))
        if isinstance(first, werkzeug.test.EnvironBuilder):
            builder = copy.copy(first)
            builder.environ_base = self._environ(first.environ_base or {})
            return builder.get_request()
        kwargs["environ_base"] = self._environ(kwargs.get("environ_base") or {})
        builder = EnvironBuilder(self.application, *args, **kwargs)
        try:
            return builder.get_request()
        finally:
            builder.close()

    def _environ(self, given: Mapping[str, Any]) -> dict[str, Any]:
        environ = {**self.environ_base, **given}
        environ.pop("werkzeug.debug.preserve_context", None)  # of an earlier request
        if self._preserves:
            environ["werkzeug.debug.preserve_context"] = self._keep
        return environ

    def _keep(self, context: Context) -> None:
        context.hold()
        self._new.append(context)

    def __enter__(self) -> Self:
        if self._preserves:
            raise RuntimeError("A test client cannot be entered twice.")
        self._preserves = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._preserves = False
        self._kept.close()


class _JSONOf:
    """An application's JSON provider, not asked for before a response is read as JSON."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app.json, name)


class CliRunner(ClickCliRunner):
    """click's runner for the commands of an application.

    Args:
        app: The application.
        kwargs: As for click's class.
    """

    def __init__(self, app: Application, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(self, cli: click.Command | None = None, args: Any = None, **kwargs: Any) -> Result:  # type: ignore[override]
        """Run a command.

        Args:
            cli: The command; by default the application's group, `app.cli`.
            args: Its arguments, as a list or a string.
            kwargs: As for click's method.
        """
        return super().invoke(self.app.cli if cli is None else cli, args, **kwargs)
