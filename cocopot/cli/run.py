"""`cocopot run`: serve an application, for development or in production."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from werkzeug.serving import is_running_from_reloader

from cocopot.cli.tracebacks import own_frames, print_error
from cocopot.cli.workers import run_workers
from cocopot.serving import inherited_address, run_app, serve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cocopot.cli.loading import AppLoader
    from cocopot.types import StartResponse, WSGIEnvironment

_DEBUG_VARIABLE = "COCOPOT_DEBUG"


def _split(_ctx: click.Context, _param: click.Parameter, value: str | None) -> list[str] | None:
    return None if value is None else [item for item in value.split(os.pathsep) if item]


@click.command("run")
@click.option("--host", help="Host name to listen on; by default that of SERVER_NAME, or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; by default that of SERVER_NAME, or 5000.")
@click.option("--debug/--no-debug", default=None, help="Debug mode; by default as COCOPOT_DEBUG says.")
@click.option("--reload/--no-reload", "use_reloader", default=None, help="Start again when a file changes.")
@click.option(
    "--debugger/--no-debugger",
    "use_debugger",
    default=None,
    help="Show errors in the browser, with a debugger.",
)
@click.option(
    "--with-threads/--without-threads", "threaded", default=True, help="Serve several requests at once."
)
@click.option("--cert", metavar="PATH", help="TLS certificate; adhoc makes one, and needs cryptography.")
@click.option("--key", metavar="PATH", help="Key of the certificate, if it is in a file of its own.")
@click.option(
    "--extra-files",
    callback=_split,
    metavar="PATHS",
    help=f"Other files to watch, separated by {os.pathsep}",
)
@click.option(
    "--exclude-patterns",
    callback=_split,
    metavar="PATTERNS",
    help=f"Files not to watch, as patterns separated by {os.pathsep}",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Serve in production, in N processes; needs cocopot[serve].",
)
@click.pass_obj
def command(
    loader: AppLoader,
    /,
    *,
    host: str | None,
    port: int | None,
    debug: bool | None,
    workers: int | None,
    cert: str | None,
    key: str | None,
    **options: Any,
) -> None:
    """Serve the application on this machine.

    Without --workers for development: in debug mode it starts again when a file changes, and shows errors in
    the browser. The debugger stays off where other machines may reach it, unless it is asked for by name.
    """
    if workers is not None:
        _refuse_beside_workers(cert, debug=debug, **options)
    certificate = _certificate(cert, key)
    if debug is not None:
        # Read when the application is made, here and in the process that the reloader starts.
        os.environ[_DEBUG_VARIABLE] = str(int(debug))
    if workers is not None:
        run_workers(
            loader, host, port, workers=workers, threaded=options["threaded"], certificate=certificate
        )
        return
    server = {name: value for name, value in options.items() if value is not None}
    _develop(loader, host, port, debug, {**server, "ssl_context": certificate})


def _develop(
    loader: AppLoader, host: str | None, port: int | None, debug: bool | None, server: dict[str, Any]
) -> None:
    try:
        app = loader.load()
    except (Exception, SystemExit) as error:
        if not is_running_from_reloader():
            raise
        # The next change may mend it, and this process must live to see it.
        _report(error)
        debug = os.environ[_DEBUG_VARIABLE] == "1"
        serve(_raising(error), *inherited_address(), debug=debug, **{**server, "use_reloader": True})
    else:
        debug = app.debug if debug is None else debug
        os.environ[_DEBUG_VARIABLE] = str(int(debug))
        run_app(app, host, port, debug=debug, **server)


def _report(error: Exception | SystemExit) -> None:
    if isinstance(error, click.ClickException):
        error.show()
    else:
        print_error(error)


def _raising(error: Exception | SystemExit) -> Any:
    frames = own_frames(error.__traceback__)
    if isinstance(error, SystemExit):  # which would end the server instead of being served
        error = RuntimeError(f"The application called sys.exit({error.code!r}) while it was imported.")

    def application(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
        raise error.with_traceback(frames)

    return application


def _certificate(cert: str | None, key: str | None) -> Any:
    """Return what Werkzeug takes as `ssl_context`."""
    if cert is None:
        if key is not None:
            raise click.UsageError("--key is the key of a certificate: pass --cert too.")
        return None
    if cert == "adhoc":
        if key is not None:
            raise click.UsageError("--cert adhoc makes a key of its own: leave --key out.")
        _check_cryptography()
        return cert
    for option, name in (("--cert", cert), ("--key", key)):
        if name is not None and not Path(name).is_file():
            raise click.UsageError(f"There is no file {name!r} to use as {option}.")
    return cert, key


def _check_cryptography() -> None:
    if importlib.util.find_spec("cryptography") is None:
        raise click.ClickException("--cert adhoc needs cryptography: pip install cryptography.")


def _refuse_beside_workers(cert: str | None, **options: Any) -> None:
    """Refuse what is for development only.

    Raises:
        click.UsageError: If anything of that is asked for.
    """
    asked = {
        "--debug": options["debug"],
        "--reload": options["use_reloader"],
        "--debugger": options["use_debugger"],
        "--extra-files": options["extra_files"],
        "--exclude-patterns": options["exclude_patterns"],
        "--cert adhoc": cert == "adhoc",
    }
    for option, value in asked.items():
        if value:
            raise click.UsageError(f"--workers is for production, and {option} for development: choose one.")
