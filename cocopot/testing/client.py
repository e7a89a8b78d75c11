"""The test client, the runner for commands, and the builder of WSGI environments."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import werkzeug.test
import werkzeug.wrappers
from click.testing import CliRunner as ClickCliRunner
from werkzeug.wsgi import ClosingIterator

from cocopot.context import CURRENT, Context
from cocopot.missing_names import ExplainsMissingNames
from cocopot.pipeline.sessions import save_session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from typing import Self

    import click
    from click.testing import Result
    from werkzeug.datastructures import Headers
    from werkzeug.test import TestResponse

    from cocopot.app import Cocopot
    from cocopot.sessions import Session
    from cocopot.types import WSGIEnvironment

__all__ = ["CliRunner", "Client", "EnvironBuilder"]


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """Werkzeug's builder of WSGI environments, with the application's SERVER_NAME and JSON provider.

    Args:
        app: The application.
        path: Path, or full URL.
        base_url: Scheme, host and root path; by default from the configuration.
        subdomain: Prefix of SERVER_NAME.
        url_scheme: Scheme; by default PREFERRED_URL_SCHEME.
        args: As for Werkzeug's class.
        kwargs: As for Werkzeug's class.

    Raises:
        TypeError: If `base_url` or a full URL is combined with `subdomain` or `url_scheme`.
    """

    def __init__(
        self,
        app: Cocopot,
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
        if not self.app.started:
            config.check()
        host: str = config["SERVER_NAME"] or "localhost"
        if subdomain is not None:
            host = f"{subdomain}.{host}"
        root = config["APPLICATION_ROOT"].lstrip("/")
        return f"{url_scheme or config['PREFERRED_URL_SCHEME']}://{host}/{root}"

    def json_dumps(self, obj: object, **kwargs: object) -> str:
        """Serialize `obj` with the application's JSON provider."""
        return self.app.json.dumps(obj, **kwargs)


class Client(ExplainsMissingNames, werkzeug.test.Client):
    """Werkzeug's test client for a Cocopot application.

    Inside a `with` block, the context of the last request stays active, so that tests can inspect `request`
    and `g`. Its teardown hooks run at the next request or at the end of the block. A body is closed when it
    has been read to its end, as by a server; closing the response earlier is what a client does that is gone.

    Args:
        app: The application.
        use_cookies: Whether the client stores cookies and sends them back.
        allow_subdomain_redirects: Whether it may follow redirects to subdomains.
    """

    application: Cocopot

    def __init__(
        self, app: Cocopot, use_cookies: bool = True, allow_subdomain_redirects: bool = False
    ) -> None:
        super().__init__(app, app.response_class, use_cookies, allow_subdomain_redirects)
        #: WSGI variables of every request.
        self.environ_base: WSGIEnvironment = {"REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": _user_agent()}
        self._preserve_context = False
        self._exit_stack = ExitStack()
        self._pending_contexts: list[Context] = []

    def open(
        self,
        *args: Any,
        buffered: bool = False,
        follow_redirects: bool = False,
        **kwargs: Any,
    ) -> TestResponse:
        """Send a request.

        Args:
            args: Arguments of `EnvironBuilder`, the path first; or a builder, a request or an environment.
            buffered: Whether to read the body immediately and close the response.
            follow_redirects: Whether to follow redirects.
            kwargs: As for `EnvironBuilder`, such as `method=`, `json=`, `data=`, `headers=`, `query_string=`.
        """
        request = self._make_request(args, kwargs)
        self._exit_stack.close()
        try:
            response = super().open(request, buffered=buffered, follow_redirects=follow_redirects)
        finally:
            for context in self._pending_contexts:
                self._exit_stack.callback(CURRENT.reset, CURRENT.set(context))
                self._exit_stack.callback(context.release)
            self._pending_contexts.clear()
        vars(response)["json_module"] = _LazyJSON(self.application)  # declared as a module in Werkzeug
        return response

    def run_wsgi_app(
        self, environ: WSGIEnvironment, buffered: bool = False
    ) -> tuple[Iterable[bytes], str, Headers]:
        """Send a request, as Werkzeug's method does, and close the body at its end, as a server does."""
        body, status, headers = super().run_wsgi_app(environ, buffered)
        return _read_as_server(body, headers.get("Content-Length")), status, headers

    def _make_request(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> werkzeug.wrappers.Request:
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

    def _environ(self, variables: Mapping[str, object]) -> WSGIEnvironment:
        environ = {**self.environ_base, **variables}
        environ.pop("werkzeug.debug.preserve_context", None)  # of an earlier request
        if self._preserve_context:
            environ["werkzeug.debug.preserve_context"] = self._preserve
        return environ

    def _preserve(self, context: Context) -> None:
        context.hold()
        self._pending_contexts.append(context)

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[Session]:
        """Open the client's session for a `with` block, and save it at the end of the block.

        The startup hooks run before, as before a request. Nothing is saved if the block raises.

        Args:
            args: The request that the session is opened for, as for `EnvironBuilder`; by default `/`.
            kwargs: As for `EnvironBuilder`, such as `base_url=`.

        Raises:
            TypeError: If the client stores no cookies.
        """
        if self._cookies is None:
            raise TypeError("This client stores no cookies. Create it with use_cookies=True.")
        app = self.application
        app.start()
        kwargs["environ_base"] = {**self.environ_base, **(kwargs.get("environ_base") or {})}
        context = app.test_request_context(*args, **kwargs)
        request = context.existing_request
        self._add_cookies_to_wsgi(request.environ)
        context.hold()
        try:
            with context:
                session = context.session
            yield session
            response = app.response_class()
            with context:
                save_session(context, response)
            cookies = response.headers.getlist("Set-Cookie")
            url = urlsplit(request.url)
            self._update_cookies_from_response(url.hostname or "localhost", url.path, cookies)
        finally:
            context.release()

    def __enter__(self) -> Self:
        if self._preserve_context:
            raise RuntimeError("A test client cannot be entered twice.")
        self._preserve_context = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._preserve_context = False
        self._exit_stack.close()


@cache
def _user_agent() -> str:
    return f"Werkzeug/{version('werkzeug')}"


def _read_as_server(body: Iterable[bytes], length: str | None) -> Iterable[bytes]:
    """Return a body that is closed at its end, as a server closes it; at once if the end is known.

    Werkzeug's client has read the first piece, and closes a body only when its response is closed.

    Args:
        body: The body.
        length: The response's Content-Length.
    """
    if (close := getattr(body, "close", None)) is None:
        return body
    rest = _closed_at_end(iter(body), close)
    first = next(rest, None)
    if first is None:
        return []
    is_whole = str(len(first)) == length
    return [first, *rest] if is_whole else ClosingIterator(chain((first,), rest), rest.close)


def _closed_at_end(body: Iterator[bytes], close: Callable[[], object]) -> Generator[bytes]:
    try:
        yield from body
    finally:
        close()


class _LazyJSON:
    """Creates the application's JSON provider only when a response is read as JSON."""

    def __init__(self, app: Cocopot) -> None:
        self._app = app

    def loads(self, s: str | bytes, **kwargs: object) -> object:
        return self._app.json.loads(s, **kwargs)

    def dumps(self, obj: object, **kwargs: object) -> str:
        return self._app.json.dumps(obj, **kwargs)


class CliRunner(ClickCliRunner):
    """click's runner for the commands of an application.

    Args:
        app: The application.
        kwargs: As for click's class.
    """

    def __init__(self, app: Cocopot, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(  # type: ignore[override]
        self, cli: click.Command | None = None, args: str | Sequence[str] | None = None, **kwargs: Any
    ) -> Result:
        """Run a command, in a context of the application.

        Args:
            cli: The command; by default the application's group, `app.cli`.
            args: Its arguments, as a list or a string.
            kwargs: As for click's method; `obj` may be an `AppLoader` of the application to use.
        """
        from cocopot.cli import AppGroup, AppLoader
        from cocopot.cli.groups import MainGroup

        command = self.app.cli if cli is None else cli
        loader = kwargs.setdefault("obj", AppLoader(create_app=lambda: self.app))
        if isinstance(command, (AppGroup, MainGroup)):  # these push one
            return super().invoke(command, args, **kwargs)
        app = loader.load() if isinstance(loader, AppLoader) else self.app
        with app.app_context():
            return super().invoke(command, args, **kwargs)
