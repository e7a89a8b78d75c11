"""Error output of the commands: tracebacks without the frames of the command itself."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import click
import pluggy

from cocopot.cli.tables import printable
from cocopot.exceptions import ConfigError, PluginError, message_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

#: Packages whose frames precede the application's: the command's own, and those of an import.
_COMMAND_PACKAGES = ("cocopot.cli", "click", "importlib", "_frozen_importlib", "_frozen_importlib_external")
#: Packages whose frames precede a plugin's.
_LOADING_PACKAGES = (*_COMMAND_PACKAGES, "cocopot", "pluggy", "importlib_metadata")


def strip_frames(
    tb: TracebackType | None, packages: Sequence[str] = _COMMAND_PACKAGES
) -> TracebackType | None:
    """Return a traceback without its first frames that belong to some packages.

    Args:
        tb: The traceback.
        packages: Names of packages and modules.

    Returns:
        The remaining traceback, or `None` if no frame remains.
    """
    prefixes = tuple(f"{package}." for package in packages)
    while tb is not None and f"{tb.tb_frame.f_globals.get('__name__')}.".startswith(prefixes):
        tb = tb.tb_next
    return tb


def print_error(error: BaseException) -> None:
    """Print an error of the application or of a plugin to standard error.

    An exception of the application is printed with its traceback, beginning with the application's first
    frame. A `PluginError` and a `ConfigError` are printed without one, because their messages are complete.
    Only if the plugin raised an exception during import or set-up, the traceback of that exception comes
    first.
    """
    if not isinstance(error, PluginError | ConfigError):
        _print(error, strip_frames(error.__traceback__))
        return
    cause = error.__cause__
    if cause is not None and not isinstance(cause, pluggy.PluginValidationError):
        _print(cause, strip_frames(cause.__traceback__, _LOADING_PACKAGES))
    click.echo(f"Error: {printable(str(error))}", err=True)


def _print(error: BaseException, tb: TracebackType | None) -> None:
    try:
        text = "".join(traceback.format_exception(type(error), error, tb))
    except Exception:  # noqa: BLE001 - what attributes of the exception may raise
        text = "".join((*traceback.format_tb(tb), f"{type(error).__name__}: {message_of(error)}\n"))
    click.echo(printable(text), nl=False, err=True)
