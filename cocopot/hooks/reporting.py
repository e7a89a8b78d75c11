"""Hooks of the kind "every one runs": how the errors of their implementations are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.exceptions import blame_of
from cocopot.logs import log_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.app import Cocopot


def run_every(app: Cocopot, call: Callable[..., object], *args: object, raises: bool | None = None) -> None:
    """Call a hook of the kind "every one runs", and log each error with the name of its plugin.

    Args:
        app: The application.
        call: The compiled hook.
        args: Its arguments.
        raises: Whether to raise the errors, too; by default where exceptions propagate.

    Raises:
        ExceptionGroup: Of the errors.
    """
    try:
        call(*args)
    except Exception as error:
        if report_errors(app, error, raises=raises):
            raise


def report_errors(app: Cocopot, error: Exception, *, raises: bool | None = None) -> bool:
    """Log each error that a hook of this kind has raised, and return whether to raise them, as `run_every`.

    Args:
        app: The application.
        error: What the compiled hook has raised.
        raises: As for `run_every`.
    """
    raises = app.propagate_exceptions if raises is None else raises
    for part in error.exceptions if type(error) is ExceptionGroup else (error,):
        blame = " ".join(map(str, blame_of(part)))
        log_failure(app, "%s %s", type(part).__name__, blame, error=part, forget=not raises)
    return raises
