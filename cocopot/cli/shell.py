"""`cocopot shell`: an interactive Python shell with the names of the application."""

from __future__ import annotations

import code
import importlib.util
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cocopot.cli.tracebacks import print_error

if TYPE_CHECKING:
    from types import CodeType

    from cocopot.app import Cocopot
    from cocopot.cli.loading import AppLoader


@click.command("shell")
@click.option(
    "--interface",
    type=click.Choice(["ipython", "plain"]),
    default=None,
    help="The shell; by default IPython if it is installed.",
)
@click.option("-c", "--command", "source", metavar="CODE", help="Run this code and exit.")
@click.pass_obj
def command(loader: AppLoader, interface: str | None, source: str | None) -> None:
    """Run Python with the names that the application and its plugins define.

    The shell runs in an application context. Code from a pipe is run as a program.
    """
    app = loader.load()
    if interface == "ipython" and not _has_ipython():
        raise click.ClickException("IPython is not installed: pip install ipython, or omit --interface.")
    with app.app_context():
        names = app.make_shell_context()
        if source is None and interface is None and not sys.stdin.isatty():
            source = sys.stdin.read()
        if source is not None:
            _run(source, names)
        elif interface == "ipython" or (interface is None and _has_ipython()):
            _start_ipython(_banner(app, names), names)
        else:
            _start_plain(_banner(app, names), names)


def _has_ipython() -> bool:
    return importlib.util.find_spec("IPython") is not None


def _run(source: str, names: dict[str, object]) -> None:
    exec(_compile(source, "<shell>"), _module_namespace(names))  # noqa: S102 - the purpose of the shell


def _compile(source: str | bytes, filename: str | Path) -> CodeType:
    """Compile code of the user without the `from __future__` imports of this module."""
    return compile(source, filename, "exec", dont_inherit=True)


def _module_namespace(names: dict[str, object]) -> dict[str, object]:
    return {"__name__": "__console__", "__doc__": None, **names}


def _banner(app: Cocopot, names: dict[str, object]) -> str:
    return (
        f"Python {sys.version.partition(' ')[0]}, Cocopot {metadata.version('cocopot')}\n"
        f"Application: {app.name}\nNames: {', '.join(sorted(names))}"
    )


def _start_ipython(banner: str, names: dict[str, object]) -> None:
    import IPython

    click.echo(banner)
    IPython.start_ipython(argv=["--no-banner"], user_ns=names)


def _start_plain(banner: str, names: dict[str, object]) -> None:
    module = _module_namespace(names)
    startup = Path(os.environ.get("PYTHONSTARTUP") or os.devnull)
    if startup.is_file():
        try:
            exec(_compile(startup.read_bytes(), startup), module)  # noqa: S102 - as Python does
        except Exception as error:  # noqa: BLE001 - any error of the user's code; the shell starts anyway
            print_error(error)
    _complete_with_tab(module)
    code.interact(banner, local=module, exitmsg="")


def _complete_with_tab(module: dict[str, object]) -> None:
    try:
        import readline
        from rlcompleter import Completer
    except ImportError:  # Python was built without it
        return
    readline.set_completer(Completer(module).complete)
    # libedit, which replaces readline on macOS, has its own configuration language.
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
