"""Blame: which plugin's implementation an exception left, or which one returned a wrong result."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from cocopot.exceptions import Blame, PluginError, add_blame
from cocopot.hooks.results import RECORDED
from cocopot.hooks.source import function_of
from cocopot.locations import locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pluggy

    from cocopot.hooks.records import Origin, PluginRecord
    from cocopot.hooks.source import Blame as BlameFunction
    from cocopot.hooks.source import HookCall


class Culprits:
    """Cached descriptions of the implementations that exceptions have left.

    Locating a function is slow, and exceptions such as a 401 are part of normal operation.

    Args:
        records: What is registered, by name.
    """

    def __init__(self, records: Mapping[str, PluginRecord]) -> None:
        self._records = records
        self._known: dict[tuple[str, pluggy.HookImpl], Blame] = {}

    def find(self, impl: pluggy.HookImpl, hook: str) -> Blame | None:
        """Return the description of an implementation; `None` for a built-in default.

        Args:
            impl: The implementation.
            hook: The hook's name.
        """
        record = self._records.get(impl.plugin_name)
        if record is None or record.origin == "builtin":
            return None
        blame = self._known.get((hook, impl))
        if blame is None:
            blame = self._known[hook, impl] = _make_blame(record, impl, hook)
        return blame

    def blame_for(self, call: HookCall, impls: Sequence[pluggy.HookImpl]) -> BlameFunction | None:
        """Return what notes on an exception which of the implementations it left; `None` if nothing does."""
        is_every = call.kind == "every"
        if is_every or any(self._origin(impl) == "plugin" for impl in impls):
            return functools.partial(self._blame, is_every)
        return None

    def _blame(self, is_every: bool, error: BaseException, impl: pluggy.HookImpl, hook: str) -> None:
        if self._origin(impl) == "application" and not is_every:
            return
        if (blame := self.find(impl, hook)) is not None:
            add_blame(error, blame)
            if issubclass(type(error), PluginError) and blame.origin == "plugin":
                self._records[impl.plugin_name].candidate.complete(error, hook)  # type: ignore[arg-type]  # it is one

    def with_results(self, call: HookCall) -> HookCall:
        """Return a call whose results are checked, or recorded, with who returned them."""
        is_recorded = call.name in RECORDED and "request" in call.parameters
        record = (lambda impl: self._origin(impl) != "builtin") if is_recorded else None
        return call._replace(record=record, culprit=self.find)

    def _origin(self, impl: pluggy.HookImpl) -> Origin:
        record = self._records.get(impl.plugin_name)
        return "application" if record is None else record.origin


def _make_blame(record: PluginRecord, impl: pluggy.HookImpl, hook: str) -> Blame:
    return Blame(
        record.name,
        record.distribution or None,
        record.version or None,
        hook,
        locate(function_of(impl)),
        "application" if record.origin == "application" else "plugin",
    )
