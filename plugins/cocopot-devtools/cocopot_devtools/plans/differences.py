"""How two snapshots of an application differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

#: A row of a table, such as a route.
Entry = dict[str, Any]
#: Rows that were added and removed, and pairs of those that were changed.
TableDifference = dict[str, list[Entry]]

#: What a plugin has in a plan.
_OF_PLUGIN = (
    "name",
    "distribution",
    "version",
    "state",
    "reason",
    "entry_point",
    "requires",
    "after",
    "before",
)
#: A loaded plugin, as `cocopot plugins` calls it with and without an application.
_LOADED = {"loaded", "installed"}


@dataclass(frozen=True, slots=True)
class Differences:
    """How two snapshots differ.

    Args:
        tables: For each table, the entries that were added, removed and changed.
        renamed: Plugins that have another name in the same distribution.
        load_order: The names of the loaded plugins, before and after.
        hooks: The hooks whose implementations differ, each with the names of both.

    Of an application that can be loaded only before or only after, the plugins alone are compared.
    """

    tables: dict[str, TableDifference]
    renamed: list[Entry]
    load_order: dict[str, list[str]] | None = None
    hooks: list[Entry] | None = None

    def is_empty(self) -> bool:
        """Whether everything could be compared, and nothing differs."""
        if self.load_order is None or any(entries for t in self.tables.values() for entries in t.values()):
            return False
        return not self.hooks and self.load_order["before"] == self.load_order["after"]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """Return how two snapshots of an application differ.

    Args:
        before: The snapshot before a change.
        after: The snapshot after it.
    """
    is_complete = "routes" in before and "routes" in after
    if not is_complete:
        before, after = _only_installed(before), _only_installed(after)
    tables = {
        name: _compare_tables(_keyed(rows(before), key), _keyed(rows(after), key))
        for name, (rows, key) in _TABLES.items()
        if is_complete or name == "plugins"
    }
    renamed = _renamed(tables["plugins"])
    if not is_complete:
        return Differences(tables, renamed)
    order = {"before": _load_order(before), "after": _load_order(after)}
    return Differences(tables, renamed, order, _compare_hooks(before, after))


def _only_installed(snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a snapshot without the plugins that the application passes or registers."""
    return {
        **snapshot,
        "plugins": [plugin for plugin in snapshot["plugins"] if plugin["source"] == "installed"],
    }


def _compare_tables(before: Mapping[Hashable, Entry], after: Mapping[Hashable, Entry]) -> TableDifference:
    return {
        "added": [entry for key, entry in after.items() if key not in before],
        "removed": [entry for key, entry in before.items() if key not in after],
        "changed": [
            {"before": before[key], "after": entry}
            for key, entry in after.items()
            if key in before and before[key] != entry
        ],
    }


def _keyed(rows: Sequence[Entry], key: Sequence[str]) -> dict[Hashable, Entry]:
    return {str([row.get(name) for name in key]): row for row in rows}


# -------------------------------------------------------------------------
# Tables
# -------------------------------------------------------------------------


def _plugins(snapshot: Mapping[str, Any]) -> list[Entry]:
    rows = [{name: plugin.get(name) for name in _OF_PLUGIN} for plugin in snapshot["plugins"]]
    return [{**row, "state": "loaded"} if row["state"] in _LOADED else row for row in rows]


def _routes(snapshot: Mapping[str, Any]) -> list[Entry]:
    """Return the routes, each with the options that differ from their defaults."""
    defaults = {option["name"]: option["default"] for option in snapshot.get("route_options", ())}
    return [
        {**route, "options": {k: v for k, v in route.get("options", {}).items() if v != defaults.get(k)}}
        for route in snapshot.get("routes", ())
    ]


def _config(snapshot: Mapping[str, Any]) -> list[Entry]:
    """Return the keys, each with its value, and what defines it; a place in the code is not compared."""
    return [
        {
            "key": key,
            "value": found["value"],
            "origin": (found["origin"] or {}).get("kind"),
            "plugin": (found["origin"] or {}).get("source") if _is_default_of_plugin(found) else None,
        }
        for key, found in snapshot.get("config", {}).items()
    ]


def _is_default_of_plugin(found: Mapping[str, Any]) -> bool:
    return bool(found["origin"]) and found["origin"]["kind"] == "plugin"


def _conflicts(snapshot: Mapping[str, Any]) -> list[Entry]:
    return [
        {
            "kind": conflict["kind"],
            "key": conflict["key"],
            "winner": conflict["winner"]["plugin"],
            "losers": [claim["plugin"] for claim in conflict["losers"]],
            "is_error": conflict["is_error"],
            "message": conflict["message"],
        }
        for conflict in snapshot.get("conflicts", ())
    ]


def _inventory(snapshot: Mapping[str, Any]) -> list[Entry]:
    listed = snapshot.get("inventory", {})
    return [{"heading": heading, "entry": text} for heading, texts in listed.items() for text in texts]


def _owned(table: str) -> Callable[[Mapping[str, Any]], list[Entry]]:
    """Return a function for a table of names, each with the plugin that added it."""

    def rows(snapshot: Mapping[str, Any]) -> list[Entry]:
        return [{"name": name, "plugin": plugin} for name, plugin in snapshot.get(table, {}).items()]

    return rows


#: For each table, what returns its rows, and the columns that identify one.
_TABLES: Mapping[str, tuple[Callable[[Mapping[str, Any]], list[Entry]], Sequence[str]]] = {
    "plugins": (_plugins, ("name",)),
    "routes": (_routes, ("host", "subdomain", "rule", "methods", "endpoint")),
    "route_options": (lambda snapshot: snapshot.get("route_options", []), ("name",)),
    "config": (_config, ("key",)),
    "commands": (_owned("commands"), ("name",)),
    "properties": (_owned("properties"), ("name",)),
    "request_properties": (_owned("request_properties"), ("name",)),
    "inventory": (_inventory, ("heading", "entry")),
    "conflicts": (_conflicts, ("kind", "key", "winner", "losers")),
}

# -------------------------------------------------------------------------
# Order
# -------------------------------------------------------------------------


def _load_order(snapshot: Mapping[str, Any]) -> list[str]:
    return [plugin["name"] for plugin in snapshot["plugins"] if plugin["state"] in _LOADED]


def _compare_hooks(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Entry]:
    old, new = _implementations(before), _implementations(after)
    return [
        {"hook": name, "before": old.get(name, []), "after": new.get(name, [])}
        for name in dict.fromkeys([*new, *old])
        if old.get(name, []) != new.get(name, [])
    ]


def _implementations(snapshot: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return for each hook what runs, in this order, each with its marks in parentheses."""
    return {
        hook["name"]: [_implementation(each) for each in hook["implementations"]]
        for hook in snapshot["hooks"]
    }


def _implementation(found: Mapping[str, Any]) -> str:
    marks = f" ({', '.join(found['marks'])})" if found["marks"] else ""
    return f"{found['name']}{marks}"


def _renamed(plugins: TableDifference) -> list[Entry]:
    """Return pairs of a plugin that is gone and the only new one of its distribution."""
    found = []
    for removed in plugins["removed"]:
        same = [
            added
            for added in plugins["added"]
            if added["distribution"] and added["distribution"] == removed["distribution"]
        ]
        gone = [each for each in plugins["removed"] if each["distribution"] == removed["distribution"]]
        if len(same) == len(gone) == 1:
            names = {"before": removed["name"], "after": same[0]["name"]}
            found.append({**names, "distribution": removed["distribution"]})
    return found
