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
        raises = app.propagate_exceptions if raises is None else raises
        for part in error.exceptions if type(error) is ExceptionGroup else (error,):
            blame = " ".join(map(str, blame_of(part)))
            log_failure(app, "%s %s", type(part).__name__, blame, error=part, forget=not raises)
        if raises:
            raise
