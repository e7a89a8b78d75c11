"""Show what went wrong in an application or a plugin, and not how the command got there."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import click
import pluggy

from cocopot.cli.tables import printable
from cocopot.exceptions import PluginError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

#: The packages whose frames come before the application's: the command's own, and those of an import.
_COMMAND = ("cocopot.cli", "click", "importlib", "_frozen_importlib", "_frozen_importlib_external")
#: The packages whose frames come before a plugin's.
_LOADING = (*_COMMAND, "cocopot", "pluggy", "importlib_metadata")


def own_frames(tb: TracebackType | None, packages: Sequence[str] = _COMMAND) -> TracebackType | None:
    """Return a traceback without the frames at its head that belong to some packages.

    Args:
        tb: The traceback.
        packages: Names of the packages, and of modules.

    Returns:
        The rest, or `None` if there is none.
    """
    begins = tuple(f"{package}." for package in packages)
    while tb is not None and f"{tb.tb_frame.f_globals.get('__name__')}.".startswith(begins):
        tb = tb.tb_next
    return tb


def print_error(error: BaseException) -> None:
    """Print an error of the application or of a plugin to standard error.

    What an application raises is shown with its traceback, from the application's frame on. A `PluginError`
    says all that there is to say, but for a plugin that raised while it was imported or set up: its own
    traceback comes first.
    """
    if not isinstance(error, PluginError):
        _print(error, own_frames(error.__traceback__))
        return
    cause = error.__cause__
    if cause is not None and not isinstance(cause, pluggy.PluginValidationError):
        _print(cause, own_frames(cause.__traceback__, _LOADING))
    click.echo(f"Error: {printable(str(error))}", err=True)


def _print(error: BaseException, tb: TracebackType | None) -> None:
    lines = traceback.format_exception(type(error), error, tb)
    click.echo(printable("".join(lines)), nl=False, err=True)
