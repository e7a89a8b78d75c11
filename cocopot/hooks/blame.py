"""Blame: which plugin's implementation an exception left, noted on the exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.exceptions import Blame, add_blame
from cocopot.hooks.source import function_of
from cocopot.locations import locate

if TYPE_CHECKING:
    import pluggy

    from cocopot.hooks.records import PluginRecord


class Culprits:
    """Cached descriptions of the implementations that exceptions have left.

    Locating a function is slow, and exceptions such as a 401 are part of normal operation.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, pluggy.HookImpl], Blame] = {}

    def blame(self, error: BaseException, record: PluginRecord, impl: pluggy.HookImpl, hook: str) -> None:
        """Note on an exception which implementation it left.

        Args:
            error: The exception.
            record: The plugin, or the function of the application.
            impl: Its implementation.
            hook: The hook's name.
        """
        blame = self._known.get((hook, impl))
        if blame is None:
            blame = self._known[hook, impl] = _make_blame(record, impl, hook)
        add_blame(error, blame)


def _make_blame(record: PluginRecord, impl: pluggy.HookImpl, hook: str) -> Blame:
    return Blame(
        record.name,
        record.distribution or None,
        record.version or None,
        hook,
        locate(function_of(impl)),
        "application" if record.origin == "application" else "plugin",
    )
