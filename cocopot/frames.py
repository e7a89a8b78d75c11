"""Release what an exception that has been handled holds: its object may be raised again."""

from __future__ import annotations

from cocopot.exceptions import forget_blame

# An exception may refuse to have attributes set.
_replace_traceback = BaseException.with_traceback


def forget_frames(exc: BaseException | None, outer: BaseException | None) -> None:
    """Remove the tracebacks and blame of an exception and those behind it, to one without, or to `outer`."""
    while exc is not None and exc is not outer and exc.__traceback__ is not None:
        _replace_traceback(exc, None)
        forget_blame(exc)
        cause, exc = exc.__cause__, exc.__context__
        if cause is not exc:
            forget_frames(cause, outer)
