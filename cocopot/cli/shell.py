"""`cocopot shell`: Python with the application at hand."""

from __future__ import annotations

import code
import importlib.util
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    help="Which shell; by default IPython if it is installed.",
)
@click.option("-c", "--command", "source", metavar="CODE", help="Run this code and leave.")
@click.pass_obj
def command(loader: AppLoader, interface: str | None, source: str | None) -> None:
    """Run Python with the names that the application and its plugins contribute.

    It runs in a context of the application. Code that is piped to it is run as a program.
    """
    app = loader.load()
    if interface == "ipython" and not _has_ipython():
        raise click.ClickException("IPython is not installed: pip install ipython, or leave --interface out.")
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


def _run(source: str, names: dict[str, Any]) -> None:
    exec(_compile(source, "<shell>"), _module(names))  # noqa: S102 - it is what the shell is for


def _compile(source: str | bytes, filename: str | Path) -> CodeType:
    """Compile code of the user's, without the `from __future__` imports of this module."""
    return compile(source, filename, "exec", dont_inherit=True)


def _module(names: dict[str, Any]) -> dict[str, Any]:
    return {"__name__": "__console__", "__doc__": None, **names}


def _banner(app: Cocopot, names: dict[str, Any]) -> str:
    return (
        f"Python {sys.version.partition(' ')[0]}, Cocopot {metadata.version('cocopot')}\n"
        f"Application: {app.name}\nNames: {', '.join(sorted(names))}"
    )


def _start_ipython(banner: str, names: dict[str, Any]) -> None:
    import IPython

    click.echo(banner)
    IPython.start_ipython(argv=["--no-banner"], user_ns=names)


def _start_plain(banner: str, names: dict[str, Any]) -> None:
    module = _module(names)
    startup = Path(os.environ.get("PYTHONSTARTUP") or os.devnull)
    if startup.is_file():
        try:
            exec(_compile(startup.read_bytes(), startup), module)  # noqa: S102 - as Python itself does
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises; the shell can do without
            print_error(error)
    _complete_with_tab(module)
    code.interact(banner, local=module, exitmsg="")


def _complete_with_tab(module: dict[str, Any]) -> None:
    try:
        import readline
        from rlcompleter import Completer
    except ImportError:  # Python was built without it
        return
    readline.set_completer(Completer(module).complete)
    # libedit, which stands for readline on macOS, has a language of its own.
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
