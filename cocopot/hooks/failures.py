"""Collect the errors of plugins in place of raising or logging them, for commands that show them."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.exceptions import PluginError

_COLLECTED: ContextVar[dict[str, PluginError] | None] = ContextVar("cocopot_collected_errors", default=None)


@contextmanager
def collect_errors() -> Iterator[dict[str, PluginError]]:
    """Skip plugins that fail in the applications that are created inside, and collect the errors.

    It overrides `plugin_errors` and the environment variable, and nothing is logged.

    Yields:
        The first error of each plugin, by its name; filled while applications load.
    """
    errors: dict[str, PluginError] = {}
    token = _COLLECTED.set(errors)
    try:
        yield errors
    finally:
        _COLLECTED.reset(token)


def collected_errors() -> dict[str, PluginError] | None:
    """Return where errors are collected, by plugin; `None` outside of `collect_errors`."""
    return _COLLECTED.get()
