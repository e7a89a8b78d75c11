"""The development server: Werkzeug's, with the debugger restricted to this machine."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import sys
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from werkzeug.serving import WSGIRequestHandler, is_running_from_reloader, run_simple

from cocopot.escapes import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.app import Cocopot
    from cocopot.types import WSGIApplication, WSGIEnvironment

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 5000


#: A text of the access log: the codes that give it a colour, and itself.
_STYLED = re.compile(r"((?:\x1b\[\d+m)*)(.*?)((?:\x1b\[0m)?)", re.DOTALL)


class _RequestHandler(WSGIRequestHandler):
    """Werkzeug's handler, with the path passed on byte for byte (PEP 3333), and a 400 for an invalid URL.

    Werkzeug replaces bytes that are not UTF-8, so that the application could not reject them, and encodes
    bytes twice that were sent without percent-encoding.
    """

    def run_wsgi(self) -> None:
        try:
            urlsplit(self.path)
        except ValueError as error:
            del self.path  # the access log cannot parse it either
            self.send_error(400, explain=f"The URL of this request is invalid: {error}")
        else:
            super().run_wsgi()

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - as Werkzeug names it
        """Log, with all of what the client sent escaped, and cut if it is long; Werkzeug escapes controls."""
        super().log(type, message, *(_shown(arg) if isinstance(arg, str) else arg for arg in args))

    def make_environ(self) -> WSGIEnvironment:
        environ = super().make_environ()
        url = urlsplit(self.path)
        path = f"/{url.netloc}{url.path}" if url.netloc and not url.scheme else url.path
        environ["PATH_INFO"] = unquote(path, "latin-1")
        return environ


def _shown(text: str) -> str:
    parts = _STYLED.fullmatch(text)
    return f"{parts[1]}{printable(parts[2])}{parts[3]}" if parts is not None else text


def run_app(app: Cocopot, host: str | None, port: int | None, *, debug: bool, **options: Any) -> None:
    """Serve an application on this machine, for development; see `Cocopot.run`.

    Args:
        app: The application.
        host: Host name to listen on.
        port: Port to listen on; 0 lets the system choose one.
        debug: Whether to switch debug mode on.
        options: Arguments of `werkzeug.serving.run_simple`.
    """
    if _run_is_disabled.is_set():
        sys.stderr.write(
            " * app.run() is ignored, because a command imports the module. "
            'Put it below the line if __name__ == "__main__".\n'
        )
        return
    app.debug = debug
    if not is_running_from_reloader():
        print_banner(app)
    serve(app, *address_of(app, host, port), debug=debug, **options)


def address_of(app: Cocopot, host: str | None, port: int | None) -> tuple[str, int]:
    """Return the host and port that a server of the application listens on.

    Args:
        app: The application; its SERVER_NAME supplies what is not passed.
        host: Host name, or `None` for the configured or default one.
        port: Port, or `None` for the configured or default one.
    """
    server_host, server_port = _split_server_name(app.config["SERVER_NAME"])
    server_port = DEFAULT_PORT if server_port is None else server_port
    return host or server_host or DEFAULT_HOST, server_port if port is None else port


def serve(application: WSGIApplication, host: str, port: int, *, debug: bool, **options: Any) -> None:
    """Serve any WSGI application on this machine, for development.

    Args:
        application: The application.
        host: Host name to listen on.
        port: Port to listen on; 0 lets the system choose one.
        debug: Whether to use the reloader, and the debugger if only this machine can reach the server.
        options: Arguments of `werkzeug.serving.run_simple`; they override what `debug` implies.
    """
    options.setdefault("use_reloader", debug)
    options.setdefault("threaded", True)
    options.setdefault("request_handler", _RequestHandler)
    if "use_debugger" not in options:
        options["use_debugger"] = debug and _allow_debugger(host)
    run_simple(host, port, application, **options)


def inherited_address() -> tuple[str, int]:
    """Return the address of the socket that this process inherits from the reloader."""
    with socket.socket(fileno=os.dup(int(os.environ["WERKZEUG_SERVER_FD"]))) as inherited:
        name = inherited.getsockname()
    return (f"unix://{name}", 0) if isinstance(name, str) else (name[0], name[1])


#: Set while a command imports the module of the application; a process imports one at a time.
_run_is_disabled = threading.Event()


@contextmanager
def disable_run() -> Iterator[None]:
    """Disable `Cocopot.run` during a `with` block, which imports a module only to find the application."""
    is_nested = _run_is_disabled.is_set()
    _run_is_disabled.set()
    try:
        yield
    finally:
        if not is_nested:
            _run_is_disabled.clear()


def _split_server_name(server_name: str | None) -> tuple[str | None, int | None]:
    if not server_name:
        return None, None
    address = urlsplit(f"//{server_name}")
    return address.hostname, address.port


def _allow_debugger(host: str) -> bool:
    if is_loopback(host):
        return True
    warnings.warn(
        f"The interactive debugger stays off, because the server listens on {host}, where other machines "
        "can reach it and run any code. To enable it anyway, pass use_debugger=True.",
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
    """Print the application's name, whether debug mode is on, and the loaded plugins."""
    lines = [f" * Cocopot app {app.name!r}, debug mode {'on' if app.debug else 'off'}"]
    records = app.plugins.records("plugin")
    lines.append(" * Plugins:" if records or app.plugins.failed else " * Plugins: none")
    lines += [
        f"     {record.name}  ({record.distribution} {record.version})"
        if record.distribution
        else f"     {record.name}"
        for record in records
    ]
    lines += [f"     {name}  (skipped: see the warning above)" for name in app.plugins.failed]
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
