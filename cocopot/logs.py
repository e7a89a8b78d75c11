"""The application's logger, and hooks whose errors go to it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from cocopot.context import current_or_none

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from cocopot.app import Cocopot
    from cocopot.types import Application

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
    """Return the logger that is named after the application.

    Its existing handlers are removed. In debug mode its level becomes DEBUG, unless a level is set. It gets a
    handler for the server's error stream only if no parent logger has a handler for its records.

    Args:
        app: The application.
        log_format: Format of the handler, for `logging.Formatter`.
    """
    logger = logging.getLogger(app.name)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    if app.debug and logger.level == logging.NOTSET:
        logger.setLevel(logging.DEBUG)
    if not logger.hasHandlers():
        handler = logging.StreamHandler(_ErrorStream())
        handler.setFormatter(logging.Formatter(log_format))
        logger.addHandler(handler)
    return logger


def run_every(app: Application, call: Callable[..., Any], *args: Any, always_raise: bool = False) -> None:
    """Call a hook of the kind "every one runs"; log each error by the name of its plugin.

    Args:
        app: The application.
        call: The compiled hook.
        args: Its arguments.
        always_raise: Whether to raise the errors even where exceptions do not propagate.

    Raises:
        ExceptionGroup: Of the errors, where exceptions propagate.
    """
    try:
        call(*args)
    except Exception as error:  # noqa: BLE001 - it is logged, or raised again
        report_errors(app, error, always_raise=always_raise)


def report_errors(app: Application, error: Exception, *, always_raise: bool = False) -> None:
    """Log each error of a group by the name of its plugin.

    Args:
        app: The application.
        error: What a hook of the kind "every one runs" raised: a group, unless a wrapper made something else
            of it.
        always_raise: Whether to raise it even where exceptions do not propagate.

    Raises:
        Exception: The error, where exceptions propagate.
    """
    for part in error.exceptions if isinstance(error, ExceptionGroup) else (error,):
        notes = " ".join(getattr(part, "__notes__", ()))
        app.logger.error("%s %s", type(part).__name__, notes, exc_info=part)
    if always_raise or app.propagate_exceptions:
        raise error
