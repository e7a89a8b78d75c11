"""Redirects from a path to that of another rule of the endpoint, whose defaults are the path's values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from cocopot.routing.rule import Rule

    #: By the identity of each rule that may answer with a redirect, the defaults of other rules with which it
    #: does; with `None`, it always may.
    Redirecting: TypeAlias = "Mapping[int, OtherDefaults | None]"


class OtherDefaults:
    """The defaults of rules, found by values, however many rules there are.

    Args:
        rules: The rules, which have defaults.
    """

    __slots__ = ("_by_names", "_unhashable")

    def __init__(self, rules: Iterable[Rule]) -> None:
        #: By the names of the defaults, the rules by their values.
        self._by_names: dict[tuple[str, ...], dict[tuple[Any, ...], list[Rule]]] = {}
        self._unhashable: list[Rule] = []
        for rule in rules:
            defaults = rule.defaults or {}
            names = tuple(sorted(map(str, defaults)))
            try:
                by_values = self._by_names.setdefault(names, {})
                by_values.setdefault(tuple(map(defaults.__getitem__, names)), []).append(rule)
            except TypeError:
                self._unhashable.append(rule)

    def fits(self, values: Mapping[str, Any]) -> bool:
        """Return whether values of all names do not differ from some rule's defaults."""
        return any(True for _ in self.find(values))

    def find(self, values: Mapping[str, Any]) -> Generator[Rule, None, None]:
        """Yield the rules from whose defaults no value differs.

        Args:
            values: Values; a default without a value does not differ.
        """
        for names, by_values in self._by_names.items():
            try:
                yield from by_values.get(tuple(map(values.__getitem__, names)), ())
            except (KeyError, TypeError):  # a value is missing, or has no hash
                for rules in by_values.values():
                    yield from (rule for rule in rules if _fits(rule, values))
        yield from (rule for rule in self._unhashable if _fits(rule, values))


def _fits(rule: Rule, values: Mapping[str, Any]) -> bool:
    defaults = rule.defaults or {}
    return not any(name in values and value != values[name] for name, value in defaults.items())


def redirecting_rules(rules: list[Rule]) -> Generator[tuple[int, OtherDefaults | None], None, None]:
    """Yield the rules that may answer with a redirect, by their identity, as in `Redirecting`.

    Args:
        rules: All rules.
    """
    providers: dict[tuple[object, frozenset[str]], list[Rule]] = {}
    for rule in rules:
        if rule.defaults:
            providers.setdefault((rule.endpoint, frozenset(rule.arguments)), []).append(rule)
    indexes = {key: OtherDefaults(others) for key, others in providers.items()}
    for rule in rules:
        key = rule.endpoint, frozenset(rule.arguments)
        index = indexes.get(key)
        if rule.alias or rule.redirect_to is not None:
            yield id(rule), None
        elif index is not None:
            # The values of a path include the rule's own defaults: others that differ never redirect it.
            others = list(index.find(rule.defaults)) if rule.defaults else providers[key]
            fitting = [other for other in others if other.provides_defaults_for(rule)]
            if fitting:
                yield id(rule), index if len(fitting) == len(providers[key]) else OtherDefaults(fitting)
