"""The errors of plugins that are loaded: where they are caught, and collected for commands that show them."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cocopot.exceptions import PluginError, PluginErrorReason
    from cocopot.hooks.candidates import Candidate

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


class SkipOnError:
    """A block in which a plugin may fail; `contextlib.contextmanager` would take three times as long.

    Args:
        fail_with: Called with what was raised, the plugin, and the reason; raises what is to be raised.
        candidate: The plugin.
        reason: What kind of fault it is.
    """

    __slots__ = ("_candidate", "_fail_with", "_reason")

    def __init__(
        self,
        fail_with: Callable[[BaseException, Candidate, PluginErrorReason], None],
        candidate: Candidate,
        reason: PluginErrorReason,
    ) -> None:
        self._fail_with = fail_with
        self._candidate = candidate
        self._reason: PluginErrorReason = reason

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, exc: BaseException | None, traceback: object) -> bool:
        if exc is None or isinstance(exc, KeyboardInterrupt):
            return False
        self._fail_with(exc, self._candidate, self._reason)
        return True
