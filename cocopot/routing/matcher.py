"""Werkzeug's matcher, on a table that no other thread changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from werkzeug.routing import ValidationError
from werkzeug.routing.exceptions import RequestAliasRedirect, RequestPath
from werkzeug.routing.matcher import State, StateMachineMatcher

from cocopot.routing.table import Table
from cocopot.routing.walk import SlashRequiredError, Walk, read_arguments
from cocopot.speedups import MatcherState

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from werkzeug.routing import Rule as WerkzeugRule
    from werkzeug.routing.rules import RulePart

    from cocopot.routing.walk import WalkResult


class Matcher(MatcherState, StateMachineMatcher):
    """Werkzeug's states, and the table that is built from them."""

    def __init__(
        self, merge_slashes: bool, lock: AbstractContextManager[object], *, host_matching: bool
    ) -> None:
        super().__init__(merge_slashes)
        self._host_matching = host_matching
        self.table = None
        self._lock = lock
        #: By state and part, the state that the part leads to.
        self._dynamic: dict[tuple[object, ...], State] = {}

    def add(self, rule: WerkzeugRule) -> None:
        """Add a rule; the table is rebuilt before the next match."""
        with self._lock:
            state = self._root
            for part in rule._parts:  # noqa: SLF001 - Werkzeug has no public name for them
                state = self._following(state, part)
            state.rules.append(rule)
            self.table = None

    def _following(self, state: State, part: RulePart) -> State:
        """Return the state that a part leads to, without a search, as a state may have many transitions."""
        if part.static:
            return state.static.setdefault(part.content, State())
        weight = (*part.weight.static_weights, *part.weight.argument_weights)
        key = (id(state), part.content, part.final, part.suffixed, weight)
        following = self._dynamic.get(key)
        if following is None:
            following = self._dynamic[key] = State()
            state.dynamic.append((part, following))
        return following

    def current(self) -> Table:
        """Return the table for all rules added so far."""
        with self._lock:
            if self.table is None:
                self.update()
                self.table = Table(self._root, host_matching=self._host_matching)
            return self.table

    def match(
        self, domain: str, path: str, method: str, websocket: bool
    ) -> tuple[WerkzeugRule, dict[str, Any]]:
        """Return the rule and its arguments, or raise, as Werkzeug's matcher does."""
        table = self.table or self.current()
        walk = Walk(method, websocket=websocket)
        rule, values = self._find(table, walk, domain, path)
        try:
            arguments = read_arguments(rule, values)
        except ValidationError as error:
            raise walk.no_match() from error
        if rule.alias and rule.map.redirect_defaults:
            raise RequestAliasRedirect(arguments, rule.endpoint)
        return rule, arguments

    def _find(self, table: Table, walk: Walk, domain: str, path: str) -> WalkResult:
        found = self._try(table, walk, domain, path)
        if found is None and self.merge_slashes:
            path = re.sub("/{2,}", "/", path)
            merged = self._try(table, walk, domain, path)
            if merged is not None and merged[0].merge_slashes is not False:
                raise RequestPath(path)
        if found is None:
            raise walk.no_match()
        return found

    def _try(self, table: Table, walk: Walk, domain: str, path: str) -> WalkResult | None:
        try:
            return walk.find(table.root, [domain, *path.split("/")], 0, ())
        except SlashRequiredError:
            raise RequestPath(f"{path}/") from None
