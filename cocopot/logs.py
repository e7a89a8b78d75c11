"""The application's logger."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from cocopot.context import current_or_none

if TYPE_CHECKING:
    from typing import TextIO

    from cocopot.app import Cocopot

#: Format of the records, unless the application has another one.
LOG_FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"


class _ErrorStream:
    """The error stream of the server, `wsgi.errors`, during a request; otherwise standard error."""

    def _stream(self) -> TextIO:
        context = current_or_none()
        if context is not None and context.request is not None:
            stream: TextIO | None = context.request.environ.get("wsgi.errors")
            if stream is not None:
                return stream
        return sys.stderr

    def write(self, text: str) -> None:
        self._stream().write(text)

    def flush(self) -> None:
        self._stream().flush()


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
    handler is removed.

    Args:
        app: The application.
        log_format: Format of the handler, for `logging.Formatter`.
    """
    logger = logging.getLogger(app.name)
    if app.debug and logger.level == logging.NOTSET:
        logger.setLevel(logging.DEBUG)
        _IN_DEBUG.add(logger.name)
    if not _has_handler(logger):
        handler = logging.StreamHandler(_ErrorStream())
        handler.setFormatter(logging.Formatter(log_format))
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


def _has_handler(logger: logging.Logger) -> bool:
    """Return whether a handler accepts the least severe records that the logger lets pass."""
    level = logger.getEffectiveLevel()
    current: logging.Logger | None = logger
    while current is not None:
        if any(handler.level <= level for handler in current.handlers):
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
        forget: Whether to remove its traceback afterwards: one that is raised in every request would collect
            the frames of each.
    """
    try:
        app.logger.error(message, *args, exc_info=error)
    except Exception as failure:  # noqa: BLE001 - what a handler, filter or override may raise
        for exc in (error, failure):
            with suppress(Exception):
                traceback.print_exception(exc)
    if forget:
        BaseException.with_traceback(error, None)  # an exception may refuse to have attributes set
