"""The development server: Werkzeug's, with care for who may reach the debugger."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from werkzeug.serving import WSGIRequestHandler, is_running_from_reloader, run_simple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.app import Cocopot
    from cocopot.types import WSGIApplication, WSGIEnvironment

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 5000


class _RequestHandler(WSGIRequestHandler):
    """Werkzeug's, with the path handed over byte for byte (PEP 3333), and an answer to a URL that is none.

    Werkzeug replaces bytes that are not UTF-8, so that the application could not refuse them, and encodes
    twice those that were sent without a percent sign.
    """

    def run_wsgi(self) -> None:
        try:
            urlsplit(self.path)
        except ValueError as error:
            del self.path  # which the log cannot read either
            self.send_error(400, explain=f"The URL of this request cannot be read: {error}")
        else:
            super().run_wsgi()

    def make_environ(self) -> WSGIEnvironment:
        environ = super().make_environ()
        url = urlsplit(self.path)
        path = f"/{url.netloc}{url.path}" if url.netloc and not url.scheme else url.path
        environ["PATH_INFO"] = unquote(path, "latin-1")
        return environ


def run_app(app: Cocopot, host: str | None, port: int | None, *, debug: bool, **options: Any) -> None:
    """Serve an application on this machine, for development; see `Cocopot.run`.

    Args:
        app: The application.
        host: Host name to listen on.
        port: Port to listen on; 0 lets the system choose one.
        debug: Whether to switch debug mode on.
        options: What `werkzeug.serving.run_simple` takes.
    """
    if _ignores_run:
        sys.stderr.write(
            " * app.run() is passed over, because a command imports the module. "
            'Put it below the line if __name__ == "__main__".\n'
        )
        return
    app.debug = debug
    if not is_running_from_reloader():
        print_banner(app)
    serve(app, *address_of(app, host, port), debug=debug, **options)


def address_of(app: Cocopot, host: str | None, port: int | None) -> tuple[str, int]:
    """Return where a server of an application listens: what is given comes first, then SERVER_NAME.

    Args:
        app: The application.
        host: Host name, if one is given.
        port: Port, if one is given.
    """
    named_host, named_port = _from_server_name(app.config["SERVER_NAME"])
    named_port = DEFAULT_PORT if named_port is None else named_port
    return host or named_host or DEFAULT_HOST, named_port if port is None else port


def serve(application: WSGIApplication, host: str, port: int, *, debug: bool, **options: Any) -> None:
    """Serve any WSGI application on this machine, for development.

    Args:
        application: The application.
        host: Host name to listen on.
        port: Port to listen on; 0 lets the system choose one.
        debug: Whether to reload, and to show the debugger where only this machine reaches it.
        options: What `werkzeug.serving.run_simple` takes; wins over `debug`.
    """
    options.setdefault("use_reloader", debug)
    options.setdefault("threaded", True)
    options.setdefault("request_handler", _RequestHandler)
    if "use_debugger" not in options:
        options["use_debugger"] = debug and _may_debug(host)
    run_simple(host, port, application, **options)


def inherited_address() -> tuple[str, int]:
    """Return where the server listens that the reloader has started this process for."""
    with socket.socket(fileno=os.dup(int(os.environ["WERKZEUG_SERVER_FD"]))) as inherited:
        name = inherited.getsockname()
    return (f"unix://{name}", 0) if isinstance(name, str) else (name[0], name[1])


_ignores_run = False


@contextmanager
def ignoring_run() -> Iterator[None]:
    """Have `Cocopot.run` do nothing: the module that calls it is only imported, to find the application."""
    global _ignores_run  # noqa: PLW0603 - a process imports one application at a time
    before, _ignores_run = _ignores_run, True
    try:
        yield
    finally:
        _ignores_run = before


def _from_server_name(server_name: str | None) -> tuple[str | None, int | None]:
    if not server_name:
        return None, None
    address = urlsplit(f"//{server_name}")
    return address.hostname, address.port


def _may_debug(host: str) -> bool:
    if is_loopback(host):
        return True
    warnings.warn(
        f"The interactive debugger stays off, because the server listens on {host}, where other machines "
        "may reach it and run any code. To have it all the same, pass use_debugger=True.",
        RuntimeWarning,
        stacklevel=5,
    )
    return False


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if host.startswith("unix://"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def print_banner(app: Cocopot) -> None:
    """Print the application's name, whether debug mode is on, and the plugins that have been loaded."""
    lines = [f" * Cocopot app {app.name!r}, debug mode {'on' if app.debug else 'off'}"]
    records = app.plugins.records("plugin")
    lines.append(" * Plugins:" if records or app.plugins.failed else " * Plugins: none")
    lines += [
        f"     {record.name}  ({record.distribution} {record.version})"
        if record.distribution
        else f"     {record.name}"
        for record in records
    ]
    lines += [f"     {name}  (left out: see the warning above)" for name in app.plugins.failed]
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
