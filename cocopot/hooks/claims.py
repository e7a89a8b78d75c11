"""Claims: which plugin has registered what on an application, and the conflicts among them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cocopot.hooks.conflicts import Claim, Conflict
from cocopot.hooks.wrappers import is_wrapper
from cocopot.locations import locate
from cocopot.routing.parts import rule_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    import click
    from werkzeug.routing import Rule

    from cocopot.app import Cocopot
    from cocopot.hooks.conflicts import ConflictKind
    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.observers import HookCallRecord
    from cocopot.hooks.records import PluginRecord
    from cocopot.scopes import Scope

#: Kinds whose values are defined by what registers them, so that their own place is the better one.
_LOCATED: frozenset[ConflictKind] = frozenset(
    {
        *("converter", "endpoint", "error handler", "property", "request property"),
        *("template filter", "template global", "template test"),
    }
)
#: Of these, the application's is used, then the first one; of the others, the one that was registered last.
_FIRST_WINS: frozenset[ConflictKind] = frozenset({"command"})
#: Hooks of which one implementation decides for the whole application.
_PROVIDERS: dict[str, ConflictKind] = {
    "cocopot_json_provider": "json provider",
    "cocopot_open_session": "session storage",
    "cocopot_template_engine": "template engine",
}


class _Name(NamedTuple):
    """The name of something that is registered; `text` is for messages."""

    kind: ConflictKind
    key: Hashable
    text: str


class _Entry(NamedTuple):
    """What one plugin has registered. It is located when there is a conflict, as that takes long."""

    record: PluginRecord | None
    value: object
    source: object = None

    def claim(self, kind: ConflictKind) -> Claim:
        targets = (self.value if kind in _LOCATED else None, self.source)
        places = (locate(target) for target in targets if target is not None)
        return Claim.of(self.record, next((place for place in places if place is not None), None))


_STATIC = _Name("endpoint", "static", "static")


class Claims:
    """What plugins have registered on an application, under names that can be registered once.

    Args:
        plugins: The plugin manager of the application.
    """

    def __init__(self, plugins: PluginManager) -> None:
        #: The application, from its set-up on.
        self.app: Cocopot | None = None
        self._plugins = plugins
        self._entries: dict[_Name, list[_Entry]] = {}

    def add_command(self, name: str, command: click.Command, record: PluginRecord | None) -> Conflict | None:
        """Record that a plugin registers a command, and return the conflict that this causes.

        Args:
            name: The command's name.
            command: The command.
            record: The plugin, or `None` for the application.
        """
        return self._add(_Name("command", name, name), _Entry(record, command, command.callback))

    def watch(self, app: Cocopot) -> Callable[[PluginRecord, object], list[Conflict]]:
        """Return a function that attributes what has been registered since then, or since its last call.

        It takes the plugin and the function that registered it, and returns the conflicts that this causes.

        Args:
            app: The application.
        """
        before = _registrations(app)

        def attribute(record: PluginRecord, source: object) -> list[Conflict]:
            nonlocal before
            self._reserve_static(app)
            after = _registrations(app)
            changed, before = list(_changes(before, after)), after
            found = [self._add(name, _Entry(record, value, source)) for name, value in changed]
            return [conflict for conflict in found if conflict is not None]

        return attribute

    def watch_startup(self, app: Cocopot) -> tuple[list[tuple[PluginRecord, Conflict]], Callable[[], None]]:
        """Attribute what is registered by the startup hooks, which several plugins may implement.

        Args:
            app: The application.

        Returns:
            A list that gets the errors, each with the plugin that causes it, and a function that ends this.
        """
        found: list[tuple[PluginRecord, Conflict]] = []
        impls = {impl.plugin_name: impl for impl in self._plugins.call_order("cocopot_startup")}
        records = {record.name: record for record in self._plugins.records("plugin") if record.name in impls}
        if len(records) < 2:
            return found, lambda: None
        attribute = self.watch(app)

        def notice(call: HookCallRecord) -> None:
            record = records.get(call.plugin)
            if call.hook == "cocopot_startup" and record is not None:
                conflicts = attribute(record, impls[record.name].function)
                found.extend((record, conflict) for conflict in conflicts if conflict.is_error)

        return found, self._plugins.observe(notice)

    def _reserve_static(self, app: Cocopot) -> None:
        """Claim the endpoint of the static files, which are set up last."""
        builtin = self._plugins.records_by_name.get("builtin.static")
        if not app.has_static_folder:
            self._entries.pop(_STATIC, None)
        elif builtin is not None:
            self._entries.setdefault(_STATIC, [_Entry(builtin, None)])

    def _add(self, name: _Name, entry: _Entry) -> Conflict | None:
        others = self._entries_of(name)
        if any(other.value is entry.value for other in others):
            return None
        is_first = all(other.record is not entry.record for other in others)
        kept = [entry if other.record is entry.record else other for other in others]
        self._entries[name] = [*kept, entry] if is_first else kept
        return self._conflict(name)

    def _entries_of(self, name: _Name) -> list[_Entry]:
        """Return the entries of a name, without those of plugins that are no longer registered."""
        records = self._plugins.records_by_name
        entries = self._entries.get(name, ())
        return [e for e in entries if e.record is None or records.get(e.record.name) is e.record]

    def _conflict(self, name: _Name) -> Conflict | None:
        entries = self._entries_of(name)
        if len(entries) < 2:
            return None
        claims = [entry.claim(name.kind) for entry in entries]
        if name.kind in _FIRST_WINS:
            claims.sort(key=lambda claim: claim.plugin is not None)
        else:
            claims.reverse()
        return Conflict(name.kind, name.text, claims[0], tuple(claims[1:]))

    def record_of(self, kind: ConflictKind, key: str) -> PluginRecord | None:
        """Return the plugin that has registered something; `None` if none has."""
        entries = self._entries_of(_Name(kind, key, key))
        return entries[-1].record if entries else None

    def owner_of(self, kind: ConflictKind, key: str) -> str:
        """Return which plugin has registered something, for messages; empty if none has."""
        record = self.record_of(kind, key)
        return "" if record is None else Claim.of(record).owner

    def conflicts(self) -> Iterator[Conflict]:
        """Return the conflicts between plugins, and those of their rules with the application's."""
        for name in list(self._entries):
            if (conflict := self._conflict(name)) is not None:
                yield conflict
        if self.app is not None:
            yield from self._provider_conflicts()
            yield from self._rule_conflicts(self.app)

    def _provider_conflicts(self) -> Iterator[Conflict]:
        records = self._plugins.records_by_name
        for hook, kind in _PROVIDERS.items():
            claims = [
                Claim.of(records[impl.plugin_name], locate(impl.function))
                for impl in self._plugins.call_order(hook)
                if not is_wrapper(impl) and not impl.trylast
                if records[impl.plugin_name].origin == "plugin"
            ]
            if len(claims) > 1:
                yield Conflict(kind, "", claims[0], tuple(claims[1:]))

    def _rule_conflicts(self, app: Cocopot) -> Iterator[Conflict]:
        """Yield the rules that are never used, because one of another plugin matches the same requests."""

        def claim_of(rule: Rule) -> Claim:
            record = self._plugins.records_by_name.get(_added_by(rule) or "")
            view = app.view_functions.get(rule.endpoint)
            return Claim.of(record, None if view is None else locate(view))

        rules = list(app.router.iter_rules())
        if len(set(map(_added_by, rules))) < 2:
            return
        same: dict[Hashable, list[Rule]] = {}
        for rule in rules:
            if not rule.build_only:
                same.setdefault(_pattern(rule), []).append(rule)
        for group in same.values():
            yield from _shadowed(group, claim_of)


# -------------------------------------------------------------------------
# What is registered
# -------------------------------------------------------------------------


#: What is registered, by kind, and by blueprint for error handlers.
_Registrations: TypeAlias = "dict[tuple[ConflictKind, Scope], dict[Any, object]]"


def _registrations(app: Cocopot) -> _Registrations:
    """Return copies of the tables of an application."""
    tables: _Registrations = {
        ("attribute", None): _attributes(app),
        ("blueprint", None): dict(app.blueprints),
        ("converter", None): dict(app.router.converters),
        ("endpoint", None): dict(app.view_functions),
        ("extension", None): dict(app.extensions),
        ("property", None): {name: added.function for name, added in app.properties.items()},
        ("route option", None): dict(app.route_options),
        ("request property", None): {name: a.function for name, a in app.request_properties.items()},
        ("template filter", None): dict(app.template_filters),
        ("template global", None): dict(app.template_globals),
        ("template test", None): dict(app.template_tests),
    }
    for scope, handlers in app.error_handler_spec.items():
        tables["error handler", scope] = dict(handlers)
    return tables


def _changes(before: _Registrations, after: _Registrations) -> Iterator[tuple[_Name, object]]:
    """Yield what has been registered or replaced between two copies."""
    for (kind, scope), table in after.items():
        known = before.get((kind, scope), {})
        for key, value in table.items():
            if known.get(key) is not value:
                yield _name_of(kind, scope, key), value


def _name_of(kind: ConflictKind, scope: Scope, key: Any) -> _Name:
    if kind != "error handler":
        return _Name(kind, key, str(key))
    where = "" if scope is None else f" of blueprint {scope}"
    text = str(key) if isinstance(key, int) else f"{key.__module__}.{key.__qualname__}"
    return _Name(kind, (scope, key), f"{text}{where}")


def _attributes(app: Cocopot) -> dict[str, object]:
    """Return the attributes of an application, without those that are cached when they are first read."""
    return {
        name: value
        for name, value in vars(app).items()
        if not isinstance(getattr(type(app), name, None), functools.cached_property)
        if name not in app.properties
    }


# -------------------------------------------------------------------------
# Rules
# -------------------------------------------------------------------------


def _added_by(rule: Rule) -> str | None:
    name: str | None = getattr(rule, "added_by", None)  # a rule of Werkzeug's class has none
    return name


def _pattern(rule: Rule) -> Hashable:
    """Return what a rule matches: rules with equal patterns match the same URLs."""
    return tuple(
        (
            part.content,
            part.is_static,
            part.is_final,
            part.has_suffix,
            tuple((type(converter), _settings(converter)) for _, converter in part.converters),
        )
        for part in rule_parts(rule)
    ), rule.websocket


def _settings(converter: object) -> str:
    return repr(sorted((name, repr(value)) for name, value in vars(converter).items() if name != "map"))


def _shadowed(rules: Sequence[Rule], claim_of: Callable[[Rule], Claim]) -> Iterator[Conflict]:
    """Yield the conflicts of rules that match the same URLs: the first one with a method is used."""
    losers: dict[tuple[int, str], list[int]] = {}
    for number, later in enumerate(rules):
        seen: set[str] = set()
        for index, first in enumerate(rules[:number]):
            methods = _common_methods(first, later) - seen
            seen |= methods
            if methods and _added_by(later) != _added_by(first):
                losers.setdefault((index, ", ".join(sorted(methods))), []).append(number)
    for (index, text), numbers in losers.items():
        others = tuple(claim_of(rules[number]) for number in numbers)
        yield Conflict("rule", f"{text} {rules[index].rule}", claim_of(rules[index]), others)


def _common_methods(first: Rule, later: Rule) -> set[str]:
    """Return the methods that both rules match, without those that were added automatically."""
    if first.methods is None or later.methods is None:
        return set(first.methods or later.methods or {"any method"})
    common = first.methods & later.methods
    if any(getattr(rule, "provide_automatic_options", False) for rule in (first, later)):
        common -= {"OPTIONS"}
    return common - {"HEAD"} if "GET" in common else common
