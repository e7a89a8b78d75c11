"""The development server: Werkzeug's, with an orderly start and end."""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from signal import SIGINT
from typing import TYPE_CHECKING, Any

from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import is_running_from_reloader, make_server

from cocopot.config import files_read
from cocopot.open_streams import end_event_streams
from cocopot.serving.address import UNIX_PREFIX, Address, AddressError, find_address, is_loopback
from cocopot.serving.banner import print_banner
from cocopot.serving.frames import hide_framework
from cocopot.serving.handler import RequestHandler
from cocopot.serving.in_flight import IN_FLIGHT
from cocopot.serving.reloader import (
    RESTART,
    exit_process,
    handle_signals,
    is_restarted,
    make_reloader,
    run_children,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

    from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler

    from cocopot.app import Cocopot
    from cocopot.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Where Werkzeug's reloader finds the socket.
_FD_VARIABLE = "WERKZEUG_SERVER_FD"
#: The most seconds that requests may get to finish: a thread cannot wait any time.
LONGEST_TIMEOUT = 86_400
_POLL_INTERVAL = 0.1  # seconds until the server sees that it is to stop


@dataclass(kw_only=True, slots=True)
class ServerOptions:
    """Options of the development server: those of `werkzeug.serving.run_simple`, and its own.

    Args:
        use_reloader: Whether to restart when a file changes; by default in debug mode.
        use_debugger: Whether to show errors in the debugger; by default in debug mode, if only this machine
            can reach the server.
        use_evalex: Whether the debugger runs code.
        extra_files: Files that the reloader watches, beside modules and configuration files.
        exclude_patterns: Patterns of files that the reloader ignores.
        reloader_interval: Seconds between two checks of the files.
        reloader_type: `"auto"`, `"stat"` or `"watchdog"`.
        threaded: Whether to serve requests in parallel threads.
        processes: The number of processes that serve requests in parallel.
        request_handler: Class of the request handlers.
        static_files: Folders or files of static files, by the beginning of the URL path.
        passthrough_errors: Whether an exception ends the server.
        ssl_context: For TLS: a context, paths of certificate and key, or `"adhoc"`.
        graceful_timeout: Seconds that requests in flight get to finish when the server is stopped.
        debugger_option: How to enable the debugger anyway, for the message that it is off.
    """

    use_reloader: bool | None = None
    use_debugger: bool | None = None
    use_evalex: bool = True
    extra_files: Iterable[str] | None = None
    exclude_patterns: Iterable[str] | None = None
    reloader_interval: float = 1
    reloader_type: str = "auto"
    threaded: bool = True
    processes: int = 1
    request_handler: type[WSGIRequestHandler] = RequestHandler
    static_files: Mapping[str, Any] | None = None
    passthrough_errors: bool = False
    ssl_context: Any = None
    graceful_timeout: float = 5
    debugger_option: str = "use_debugger=True"

    def __post_init__(self) -> None:
        seconds: object = self.graceful_timeout
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_TIMEOUT:
            raise ValueError(f"graceful_timeout is {seconds!r}: pass seconds, from 0 to {LONGEST_TIMEOUT}.")


def run_app(app: Cocopot, host: str | None, port: int | None, *, debug: bool, **options: Any) -> None:
    """Serve an application on this machine, for development; see `Cocopot.run`.

    Args:
        app: The application.
        host: Host name to listen on.
        port: Port to listen on; 0 lets the system choose one.
        debug: Whether to switch debug mode on.
        options: As for `ServerOptions`.

    Raises:
        SystemExit: If no server can listen there, or the application fails to start.
    """
    if _run_is_disabled.is_set():
        sys.stderr.write(
            " * app.run() is ignored, because a command imports the module. "
            'Put it below the line if __name__ == "__main__".\n'
        )
        return
    app.debug = debug
    if is_running_from_reloader():
        address = inherited_address()
    else:
        print_banner(app)
        try:
            address = find_address(app, host, port)
        except AddressError as error:
            sys.exit(f"Error: {error}")
    serve(app, address, debug=debug, start=lambda: _start(app), **options)


def serve(
    application: WSGIApplication,
    address: Address,
    *,
    debug: bool,
    start: Callable[[], WSGIApplication | None] = lambda: None,
    **options: Any,
) -> None:
    """Serve any WSGI application on this machine, for development.

    Args:
        application: The application.
        address: The address to listen on.
        debug: Whether to use the reloader, and the debugger if only this machine can reach the server.
        start: Called when the server is bound, and before it serves; it may return another application.
        options: As for `ServerOptions`; they override what `debug` implies.
    """
    settings = ServerOptions(**options)
    uses_reloader = debug if settings.use_reloader is None else settings.use_reloader
    allow_debugger = settings.use_debugger
    if allow_debugger is None:
        allow_debugger = debug and _is_debugger_safe(address, settings.debugger_option)
    current = application

    def served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return current(environ, start_response)

    server = _make_server(served, address, allow_debugger, settings)
    if uses_reloader and not is_running_from_reloader():
        loop = make_reloader(settings.reloader_type, (), None, 1)
        sys.exit(run_children(loop.name, lambda line: server.log("info", line)))
    current = start() or application
    if not is_restarted():
        server.log_startup()
        server.log("info", "Press CTRL+C to quit")
    if uses_reloader:
        _serve_until_change(server, settings)
    else:
        _serve_until_signal(server, settings.graceful_timeout)


def _make_server(
    application: WSGIApplication, address: Address, allow_debugger: bool, settings: ServerOptions
) -> BaseWSGIServer:
    if settings.static_files:
        application = SharedDataMiddleware(application, dict(settings.static_files))
    if allow_debugger:
        from cocopot.serving.debugger import Debugger

        # The PIN depends on name and module of what is debugged: here always those of one function.
        application = Debugger(hide_framework(application), address.host, evalex=settings.use_evalex)
    server = make_server(
        address.ip,
        address.port,
        IN_FLIGHT.wrap(application),
        settings.threaded,
        settings.processes,
        settings.request_handler,
        settings.passthrough_errors,
        settings.ssl_context,
        fd=int(os.environ[_FD_VARIABLE]) if is_running_from_reloader() else None,
    )
    if isinstance(server.socket, ssl.SSLSocket):  # in the thread of the connection, not in that of all
        server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]  # typeshed lacks it
    server.host = address.host
    server.socket.set_inheritable(True)
    os.environ[_FD_VARIABLE] = str(server.fileno())
    return server


def _serve_until_signal(server: BaseWSGIServer, seconds: float) -> None:
    """Serve in this thread, until SIGTERM or SIGINT; a second SIGINT stops it without waiting."""
    is_stopping = False
    # Without threads this thread runs the views: what does not end is interrupted.
    timer = threading.Timer(seconds, os.kill, (os.getpid(), SIGINT))
    timer.daemon = True

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        if is_stopping and number == SIGINT:
            raise KeyboardInterrupt
        if not is_stopping:
            is_stopping = True
            threading.Thread(target=_stop_serving, args=(server,), daemon=True).start()
            timer.start()

    with handle_signals(stop):
        try:
            server.serve_forever(_POLL_INTERVAL)
        finally:
            timer.cancel()
            with suppress(KeyboardInterrupt):
                IN_FLIGHT.finish(seconds)


def _stop_serving(server: BaseWSGIServer) -> None:
    end_event_streams()
    server.shutdown()


def _serve_until_change(server: BaseWSGIServer, settings: ServerOptions) -> None:
    """Serve in another thread, until SIGTERM, SIGINT, or the change of a file, which raises `SystemExit`."""
    reloader = make_reloader(
        settings.reloader_type,
        [*(settings.extra_files or ()), *files_read()],
        settings.exclude_patterns,
        settings.reloader_interval,
    )
    seconds = settings.graceful_timeout
    try:
        with handle_signals(exit_process):
            watch(reloader, lambda: server.serve_forever(_POLL_INTERVAL))
    except SystemExit as change:
        seconds = 0 if change.code == RESTART else seconds
        raise
    finally:
        _stop_serving(server)
        with suppress(KeyboardInterrupt):
            IN_FLIGHT.finish(seconds)


def _start(app: Cocopot) -> WSGIApplication | None:
    """Start the application; after a restart one that fails is replaced by one that raises its error."""
    from cocopot.cli.tracebacks import explain_start_error, print_error

    try:
        app.start()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - it is printed
        failure = explain_start_error(app, error)
        print_error(failure)
        if is_restarted():  # the next change may fix it
            return app_that_raises(failure, "started")
        sys.exit(1)
    return None


def app_that_raises(error: BaseException, during: str = "imported") -> WSGIApplication:
    """Return a WSGI application that raises an error, in place of one that cannot be served.

    Args:
        error: The error; its traceback is shown as it is.
        during: What was being done with the application, as a participle.
    """
    traceback = error.__traceback__
    if isinstance(error, SystemExit):  # it would end the server
        error = RuntimeError(f"The application called sys.exit({error.code!r}) while it was {during}.")
    elif not isinstance(error, Exception):
        error = RuntimeError(f"The application raised {type(error).__name__} while it was {during}.")

    def application(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
        raise error.with_traceback(traceback)

    return application


def inherited_address() -> Address:
    """Return the address of the socket that this process inherits from the reloader."""
    with socket.socket(fileno=os.dup(int(os.environ[_FD_VARIABLE]))) as inherited:
        name = inherited.getsockname()
    host, port = (f"{UNIX_PREFIX}{name}", 0) if isinstance(name, str) else name[:2]
    return Address(host, host, port)


def _is_debugger_safe(address: Address, option: str) -> bool:
    if is_loopback(address.host):
        return True
    if not is_running_from_reloader():
        sys.stderr.write(
            f" * The interactive debugger stays off, because the server listens on {address.host}, where "
            f"other machines can reach it and run any code. To enable it anyway, pass {option}.\n"
        )
    return False


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
