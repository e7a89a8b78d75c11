"""Release what the tracebacks of an exception hold."""

from __future__ import annotations

# An exception may refuse to have attributes set.
_replace_traceback = BaseException.with_traceback


def forget_frames(exc: BaseException | None, outer: BaseException | None) -> None:
    """Remove the tracebacks of an exception and those behind it, up to one without, or to `outer`."""
    while exc is not None and exc is not outer and exc.__traceback__ is not None:
        _replace_traceback(exc, None)
        cause, exc = exc.__cause__, exc.__context__
        if cause is not exc:
            forget_frames(cause, outer)
