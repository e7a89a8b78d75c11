"""Error output of the commands: tracebacks without the frames of the command itself."""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

import click
import pluggy

from cocopot.cli.tables import printable
from cocopot.exceptions import ConfigError, PluginError, RouteOptionError, blame_of, message_of, notes_of
from cocopot.locations import locate_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from cocopot.app import Cocopot

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
    while tb is not None:
        module = tb.tb_frame.f_globals.get("__name__")  # compiled calls of hooks have none
        if module is not None and not f"{module}.".startswith(prefixes):
            break
        tb = tb.tb_next
    return tb


def print_error(error: BaseException) -> None:
    """Print an error of the application or of a plugin to standard error.

    An exception of the application is printed with its traceback, beginning with the application's first
    frame. A `PluginError`, a `ConfigError` and a `RouteOptionError` are printed without one, because their
    messages are complete. Only if the plugin raised an exception during import or set-up, the traceback of
    that exception comes first.
    """
    if not isinstance(error, PluginError | ConfigError | RouteOptionError):
        _print(error, strip_frames(error.__traceback__))
        return
    cause = error.__cause__
    if cause is not None and not isinstance(cause, pluggy.PluginValidationError):
        _print(cause, strip_frames(cause.__traceback__, _LOADING_PACKAGES))
    click.echo(printable("\n".join((f"Error: {error}", *notes_of(error)))), err=True)


def explain_start_error(app: Cocopot, error: BaseException) -> BaseException:
    """Return what to print for an exception that left `Cocopot.start`.

    Args:
        app: The application.
        error: The exception.

    Returns:
        A `PluginError` about the plugin whose startup hook raised the exception; the same one if it names
        another plugin, as `cocopot-sqlalchemy` does for one whose migrations are pending, or if it is the
        application's own, whose traceback begins with the application's first frame.
    """
    with suppress(Exception):  # what attributes of the exception may raise
        error.__traceback__ = strip_frames(error.__traceback__, _LOADING_PACKAGES)
    blame = next((blame for blame in blame_of(error) if blame.origin == "plugin"), None)
    record = None if blame is None else app.plugins.records_by_name.get(blame.plugin)
    if blame is None or record is None:
        return error
    is_own = isinstance(error, PluginError)
    if isinstance(error, PluginError):
        if error.plugin not in (None, blame.plugin):
            return error
        text, cure = error.problem, error.cure
    else:
        text, cure = f"{type(error).__name__}: {message_of(error)}", ""
    problem = f"failed in {blame.hook}: {text.strip()}"
    place = locate_error(error)
    explained = record.candidate.error(problem, reason="startup", hook=blame.hook, place=place, cure=cure)
    tb = error.__traceback__
    if error.__context__ is not None or (tb is not None and tb.tb_next is not None):
        # There is more than the line that the message shows.
        explained.__cause__ = error.__cause__ if is_own else error
    return explained


def _print(error: BaseException, tb: TracebackType | None) -> None:
    try:
        text = "".join(traceback.format_exception(type(error), error, tb))
    except Exception:  # noqa: BLE001 - what attributes of the exception may raise
        text = "".join((*traceback.format_tb(tb), f"{type(error).__name__}: {message_of(error)}\n"))
    click.echo(printable(text), nl=False, err=True)
