"""The application's logger."""

from __future__ import annotations

import logging
import sys
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
