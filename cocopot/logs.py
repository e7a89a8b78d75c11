"""The application's logger."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from werkzeug.local import LocalProxy

from cocopot.context import current_or_none
from cocopot.escapes import indented
from cocopot.exceptions import blame_of, forget_blame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from cocopot.app import Cocopot

#: Format of the records, unless the application has another one.
LOG_FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"


def _get_error_stream() -> TextIO:
    context = current_or_none()
    if context is not None and context.request is not None:
        stream: TextIO | None = context.request.environ.get("wsgi.errors")
        if stream is not None:
            return stream
    return sys.stderr


#: A stream for handlers of an application's own; `logging.config` finds it as
#: `ext://cocopot.logs.wsgi_errors_stream`. It is the error stream of the server during a request, and
#: otherwise what standard error is at the time.
wsgi_errors_stream = cast("TextIO", LocalProxy(_get_error_stream))


class _SafeTracebacks(logging.Filter):
    """Formats the traceback of a record, if a message in it could be taken for lines of the log.

    A message often contains text of a client. What is formatted here is used by every `logging.Formatter`.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if record.exc_info and not record.exc_text:
            error = record.exc_info[1]
            if error is None or _is_plain(error):
                return True
            try:
                trace = traceback.TracebackException(
                    type(error), error, record.exc_info[2], lookup_lines=False
                )
            except Exception:  # noqa: BLE001 - whatever its class raises; a formatter would lose the record
                record.exc_text = _describe_unprintable(error)
                return True
            with suppress(Exception):  # an exception may have attributes of any type
                if _escape_messages(trace):
                    record.exc_text = _formatted(trace)
        return True


_SAFE_TRACEBACKS = _SafeTracebacks()


def _describe_unprintable(error: BaseException) -> str:
    """Return the type of an exception whose traceback cannot be formatted, and who raised it."""
    blame = "\n".join(map(str, blame_of(error)))
    return f"{type(error).__qualname__}, whose traceback cannot be formatted\n{blame}".rstrip()


#: Exceptions of whose message a traceback makes more than `str`: Python adds suggestions to it, or a line.
_WITH_MORE = (AttributeError, BaseExceptionGroup, ImportError, NameError, SyntaxError)


def _is_plain(error: BaseException) -> bool:
    """Return whether no message in a traceback needs to be escaped: most are one line that can be printed.

    It takes a tenth of the time that reading the traceback does.
    """
    pending, seen = [error], set()
    try:
        while pending:
            part = pending.pop()
            seen.add(id(part))
            if (
                issubclass(type(part), _WITH_MORE)
                or hasattr(part, "__notes__")
                or not str(part).isprintable()
            ):
                return False
            pending += [
                other
                for other in (part.__cause__, part.__context__)
                if other is not None and id(other) not in seen
            ]
    except Exception:  # noqa: BLE001 - whatever its class raises
        return False
    return True


def _escape_messages(trace: traceback.TracebackException) -> bool:
    """Indent and escape the messages and notes of an exception and of those that it comes from.

    Returns:
        Whether one of them was changed.
    """
    is_changed = False
    for part in _parts_of(trace):
        for name in ("_str", "msg", "text", "filename"):  # but for the first, those of a syntax error
            text = getattr(part, name, None)
            if isinstance(text, str) and (shown := indented(text)) != text:
                setattr(part, name, shown)
                is_changed = True
        notes = getattr(part, "__notes__", None)
        if isinstance(notes, (list, tuple)):
            shown_notes = [indented(note) if isinstance(note, str) else note for note in notes]
            is_changed |= shown_notes != list(notes)
            part.__notes__ = shown_notes
    return is_changed


def _parts_of(trace: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Return the exception, and those that are its causes, its contexts, or in its group."""
    pending = [trace]
    while pending:
        part = pending.pop()
        yield part
        others = [part.__cause__, part.__context__, *(part.exceptions or ())]
        pending += [other for other in others if other is not None]


def _formatted(trace: traceback.TracebackException) -> str:
    return "".join(trace.format()).removesuffix("\n")


def create_logger(app: Cocopot, log_format: str) -> logging.Logger:
    """Remove the handlers of the application's logger, and configure it as `get_logger` does.

    Args:
        app: The application.
        log_format: Format of the handler, for `logging.Formatter`.
    """
    logger = logging.getLogger(app.name)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    return get_logger(app, log_format)


def get_logger(app: Cocopot, log_format: str) -> logging.Logger:
    """Return the logger that is named after the application, configured as far as the application has not.

    In debug mode its level becomes DEBUG, unless a level is set. It gets a handler for the server's error
    stream if neither the logger nor one of its parents has a handler that accepts records of its level. No
    handler is removed; that one writes nothing while a parent has another, so that no record is there twice.
    The messages in tracebacks are indented and escaped.

    Args:
        app: The application.
        log_format: Format of the handler, for `logging.Formatter`.
    """
    logger = logging.getLogger(app.name)
    if app.debug and logger.level == logging.NOTSET:
        logger.setLevel(logging.DEBUG)
        _IN_DEBUG.add(logger.name)
    logger.addFilter(_SAFE_TRACEBACKS)
    if not _has_handler(logger):
        handler = logging.StreamHandler(wsgi_errors_stream)
        handler.setFormatter(logging.Formatter(log_format))
        handler.addFilter(_SAFE_TRACEBACKS)  # for the records of child loggers
        handler.addFilter(lambda _: not _has_handler(logger, above=True))
        logger.addHandler(handler)
    return logger


#: Names of the loggers whose level is DEBUG because of debug mode; a logger is never removed.
_IN_DEBUG: set[str] = set()


def follow_debug(app: Cocopot, log_format: str) -> None:
    """Configure the logger again after debug mode has been switched on or off.

    A logger that an override of `create_logger` has returned is left to it.

    Args:
        app: The application.
        log_format: Format of the handler, for `logging.Formatter`.
    """
    if app.logger is not logging.getLogger(app.name):
        return
    logger = get_logger(app, log_format)
    if not app.debug and logger.name in _IN_DEBUG:
        _IN_DEBUG.discard(logger.name)
        if logger.level == logging.DEBUG:
            logger.setLevel(logging.NOTSET)


def _has_handler(logger: logging.Logger, *, above: bool = False) -> bool:
    """Return whether a handler accepts the least severe records that a logger lets pass.

    Args:
        logger: The logger.
        above: Whether only the handlers of its parents count.
    """
    level = logger.getEffectiveLevel()
    current: logging.Logger | None = logger
    while current is not None:
        is_counted = current is not logger or not above
        if is_counted and any(handler.level <= level for handler in current.handlers):
            return True
        current = current.parent if current.propagate else None
    return False


def log_failure(app: Cocopot, message: str, *args: object, error: BaseException, forget: bool = True) -> None:
    """Log an exception that a request goes on without.

    A logger that raises does not replace the response: the exception, and what the logger raised, are written
    to standard error.

    Args:
        app: The application.
        message: The message, as for `logging.Logger.error`.
        args: Its arguments.
        error: The exception.
        forget: Whether to remove its traceback and blame afterwards: one that is raised in every request
            would collect those of each.
    """
    try:
        app.logger.error(message, *args, exc_info=error)
    except Exception as failure:  # noqa: BLE001 - what a handler, filter or override may raise
        for exc in (error, failure):
            with suppress(Exception):
                trace = traceback.TracebackException.from_exception(exc)
                _escape_messages(trace)
                sys.stderr.write(f"{_formatted(trace)}\n")
    if forget:
        BaseException.with_traceback(error, None)  # an exception may refuse to have attributes set
        forget_blame(error)
