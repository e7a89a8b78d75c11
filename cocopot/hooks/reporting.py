"""Hooks of the kind "every one runs": how the errors of their implementations are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.app import Cocopot


def run_every(app: Cocopot, call: Callable[..., object], *args: object, always_raise: bool = False) -> None:
    """Call a hook of the kind "every one runs", and log each error with the name of its plugin.

    Args:
        app: The application.
        call: The compiled hook.
        args: Its arguments.
        always_raise: Whether to raise the errors even where exceptions do not propagate.

    Raises:
        Exception: The errors, where exceptions propagate: an `ExceptionGroup`, unless a wrapper replaced it.
    """
    try:
        call(*args)
    except Exception as error:
        for part in error.exceptions if isinstance(error, ExceptionGroup) else (error,):
            notes = " ".join(getattr(part, "__notes__", ()))
            app.logger.exception("%s %s", type(part).__name__, notes, exc_info=part)
        if always_raise or app.propagate_exceptions:
            raise
