"""Tracebacks for the debugger, without the frames of the framework."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from cocopot.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Packages that call views and hooks; a compiled call has no package.
_FRAMEWORK = ("cocopot.", "pluggy.", "werkzeug.routing.")


def hide_framework(application: WSGIApplication) -> WSGIApplication:
    """Return an application whose exceptions have only the frames of an application and its plugins.

    An exception that has no such frame keeps its traceback.

    Args:
        application: The application that the debugger serves.
    """

    def debugged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        __traceback_hide__ = True  # Werkzeug's debugger reads it
        try:
            return application(environ, start_response)
        except Exception as error:
            for part in _chain(error):
                part.__traceback__ = _visible(part.__traceback__) or part.__traceback__
            raise

    return debugged


def _chain(error: BaseException) -> Iterable[BaseException]:
    """Yield an exception, and those that it was raised from or during."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        part = waiting.pop()
        if part is not None and not any(part is other for other in seen):
            seen.append(part)
            waiting += [part.__cause__, part.__context__]
    return seen


def _visible(tb: TracebackType | None) -> TracebackType | None:
    """Return a copy of a traceback without the frames of the framework."""
    entries = []
    while tb is not None:
        if not _is_framework(tb.tb_frame):
            entries.append(tb)
        tb = tb.tb_next
    visible: TracebackType | None = None
    for entry in reversed(entries):
        visible = TracebackType(visible, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return visible


def _is_framework(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__")
    if module is None:  # a compiled call
        return frame.f_code.co_filename.startswith("<cocopot_") or ", compiled " in frame.f_code.co_filename
    return f"{module}.".startswith(_FRAMEWORK)
