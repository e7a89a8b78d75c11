"""`cocopot run`: serve an application, for development or in production."""

from __future__ import annotations

import importlib.util
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click
from werkzeug.serving import is_running_from_reloader

from cocopot.cli.servers import DEFAULT_SERVER, SERVERS
from cocopot.cli.tracebacks import print_error, strip_frames
from cocopot.cli.workers import GRACEFUL_TIMEOUT, WorkerOptions, load_to_serve, run_workers
from cocopot.serving import LONGEST_TIMEOUT, app_that_raises, inherited_address, run_app, serve

if TYPE_CHECKING:
    from typing import Unpack

    from cocopot.cli.loading import AppLoader

#: What the names of the environment variables of the options begin with: COCOPOT_RUN_PORT and so on.
VARIABLES_PREFIX = "COCOPOT_RUN"
_DEBUG_VARIABLE = "COCOPOT_DEBUG"


class _ServerOptions(TypedDict):
    """Options of the command that are passed to the server."""

    use_reloader: bool | None
    use_debugger: bool | None
    threaded: bool | None
    extra_files: list[str] | None
    exclude_patterns: list[str] | None
    graceful_timeout: int | None


def _split_paths(_ctx: click.Context, _param: click.Parameter, value: str | None) -> list[str] | None:
    return None if value is None else [item for item in value.split(os.pathsep) if item]


@click.command("run", context_settings={"auto_envvar_prefix": VARIABLES_PREFIX})
@click.option("--host", help="Host name to listen on; by default that of SERVER_NAME, or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; by default that of SERVER_NAME, or 5000.")
@click.option("--debug/--no-debug", default=None, help="Debug mode; by default the value of COCOPOT_DEBUG.")
@click.option(
    "--reload/--no-reload",
    "use_reloader",
    default=None,
    envvar=f"{VARIABLES_PREFIX}_RELOAD",
    help="Restart when a file changes.",
)
@click.option(
    "--debugger/--no-debugger",
    "use_debugger",
    default=None,
    envvar=f"{VARIABLES_PREFIX}_DEBUGGER",
    help="Show errors in the browser, with a debugger.",
)
@click.option(
    "--with-threads/--without-threads",
    "threaded",
    default=None,
    envvar=f"{VARIABLES_PREFIX}_WITH_THREADS",
    help="Serve requests in parallel threads, which is the default.",
)
@click.option("--cert", metavar="PATH", help="TLS certificate; adhoc creates one, and needs cryptography.")
@click.option("--key", metavar="PATH", help="Key of the certificate, if it is in a separate file.")
@click.option(
    "--extra-files",
    callback=_split_paths,
    metavar="PATHS",
    help=f"Additional files to watch, separated by {os.pathsep}",
)
@click.option(
    "--exclude-patterns",
    callback=_split_paths,
    metavar="PATTERNS",
    help=f"Files not to watch, as patterns separated by {os.pathsep}",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Serve in production, in N processes; needs cocopot[serve], or another --server.",
)
@click.option(
    "--server",
    type=click.Choice(list(SERVERS)),
    help=f"With --workers, the server; by default {DEFAULT_SERVER}. The others need an extra of their name.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="With --workers, how many requests each process serves at the same time.",
)
@click.option(
    "--graceful-timeout",
    type=click.IntRange(1, LONGEST_TIMEOUT),
    metavar="SECONDS",
    help="How long requests may go on after SIGTERM or CTRL+C; by default 5, with --workers 30.",
)
@click.option(
    "--access-log", is_flag=True, help="With --workers, log each request; the other server always does."
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
    server: str | None,
    threads: int | None,
    access_log: bool,
    cert: str | None,
    key: str | None,
    **options: Unpack[_ServerOptions],
) -> None:
    """Serve the application on this machine.

    Without --workers it is a server for development: in debug mode it restarts when a file changes, and shows
    errors in the browser. The debugger stays off if other machines can reach it, unless --debugger is passed.
    The environment variable COCOPOT_RUN_PORT is the default of --port, and so on.
    """
    if workers is None and (server or threads):
        option = "--server" if server else "--threads"
        raise click.UsageError(f"{option} is for production: pass --workers too.")
    certificate, production_options = _checked_options(
        workers, server, threads, access_log=access_log, debug=debug, cert=cert, key=key, **options
    )
    if debug is not None:
        # Read when the application is created, here and in the process that the reloader starts.
        os.environ[_DEBUG_VARIABLE] = str(int(debug))
    if production_options is not None:
        run_workers(loader, host, port, production_options)
        return
    server_options: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    server_options["debugger_option"] = "--debugger"
    server_options["ssl_context"] = cert if cert == "adhoc" else certificate
    _run_development_server(loader, host, port, debug, server_options)


def _run_development_server(
    loader: AppLoader, host: str | None, port: int | None, debug: bool | None, options: dict[str, Any]
) -> None:
    try:
        app = load_to_serve(loader)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if not is_running_from_reloader():
            raise
        # The next change may fix it, so this process continues and waits for it.
        _print_error(error)
        debug = os.environ[_DEBUG_VARIABLE] == "1"
        options["use_reloader"] = True
        error.__traceback__ = strip_frames(error.__traceback__)
        serve(app_that_raises(error), inherited_address(), debug=debug, **options)
    else:
        debug = app.debug if debug is None else debug
        os.environ[_DEBUG_VARIABLE] = str(int(debug))
        run_app(app, host, port, debug=debug, **options)


def _print_error(error: BaseException) -> None:
    if isinstance(error, click.ClickException):
        error.show()
    else:
        print_error(error)


def _checked_options(
    workers: int | None,
    server: str | None,
    threads: int | None,
    *,
    access_log: bool,
    debug: bool | None,
    cert: str | None,
    key: str | None,
    **options: Unpack[_ServerOptions],
) -> tuple[tuple[str, str | None] | None, WorkerOptions | None]:
    """Return the files of the certificate, if there are some, and with `workers` the options of the server.

    Raises:
        click.ClickException: If an option does not suit another one, or the certificate cannot be used.
    """
    if workers is not None:
        _check_production_options(options, threads, debug=debug, cert=cert)
    certificate = _certificate_files(cert, key)
    if workers is None:
        return certificate, None
    return certificate, WorkerOptions(
        server=server or DEFAULT_SERVER,
        workers=workers,
        threads=1 if options["threaded"] is False else threads,
        wants_threads=bool(options["threaded"]) or (threads or 1) > 1,
        certificate=certificate,
        graceful_timeout=options["graceful_timeout"] or GRACEFUL_TIMEOUT,
        access_log=access_log,
    )


def _certificate_files(cert: str | None, key: str | None) -> tuple[str, str | None] | None:
    """Check the options for TLS, and return the paths of certificate and key, if they are files."""
    if cert is None:
        if key is not None:
            raise click.UsageError("--key is the key of a certificate: pass --cert too.")
        return None
    if cert == "adhoc":
        if key is not None:
            raise click.UsageError("--cert adhoc creates its own key: omit --key.")
        _check_cryptography()
        return None
    for option, name in (("--cert", cert), ("--key", key)):
        if name is not None and not Path(name).is_file():
            raise click.UsageError(f"The file {name!r} of {option} does not exist.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except OSError as error:  # `SSLError` is one
        raise click.ClickException(f"The certificate {cert!r} cannot be used: {error}.") from None
    return cert, key


def _check_cryptography() -> None:
    if importlib.util.find_spec("cryptography") is None:
        raise click.ClickException("--cert adhoc needs cryptography: pip install cryptography.")


def _check_production_options(
    options: _ServerOptions, threads: int | None, *, debug: bool | None, cert: str | None
) -> None:
    """Reject options that are for development only, and numbers of threads that contradict each other.

    Raises:
        click.UsageError: If one of them is used.
    """
    development_options = {
        "--debug": debug,
        "--reload": options["use_reloader"],
        "--debugger": options["use_debugger"],
        "--extra-files": options["extra_files"],
        "--exclude-patterns": options["exclude_patterns"],
        "--cert adhoc": cert == "adhoc",
    }
    for option, value in development_options.items():
        if value:
            raise click.UsageError(f"--workers is for production, and {option} for development: choose one.")
    if threads is not None and (threads == 1 if options["threaded"] else options["threaded"] is False):
        option = "--with-threads" if options["threaded"] else "--without-threads"
        raise click.UsageError(f"--threads {threads} and {option} contradict each other: omit one of them.")


def variables() -> frozenset[str]:
    """Return the environment variables that are defaults of the options."""
    return frozenset(
        str(option.envvar or f"{VARIABLES_PREFIX}_{str(option.name).upper()}") for option in command.params
    )


def environment_fault() -> str | None:
    """Return why `cocopot run` would reject the options in the environment, as a sentence, or `None`."""
    try:
        params = command.make_context("run", []).params
        options = {name: value for name, value in params.items() if name not in {"host", "port"}}
        if options["server"] and options["workers"] is None:
            options["workers"] = 1  # another number may be passed to the command
        _, production_options = _checked_options(**options)
        if production_options is not None:
            production_options.check()
    except click.ClickException as error:
        return error.format_message()
    return None
