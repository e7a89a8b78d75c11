"""The problems that an installation would cause."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot_devtools.plans.differences import Differences

Severity = Literal["error", "warning", "note"]
#: What a problem is about.
Kind = Literal[
    "installation", "dependency", "application", "plugin", "conflict", "deprecation", "lock", "check"
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that an installation would cause.

    Args:
        severity: An `"error"` is a fault, a `"warning"` a risk, a `"note"` is to be known.
        kind: What it is about.
        message: What is wrong, as sentences.
        cure: What to do about it; may be empty.
    """

    severity: Severity
    kind: Kind
    message: str
    cure: str = ""


def find_problems(
    before: Mapping[str, Any], after: Mapping[str, Any], changes: Differences
) -> Iterator[Problem]:
    """Yield the problems that an application has after a change, and not before.

    Args:
        before: The snapshot before the change.
        after: The snapshot after it.
        changes: How they differ.
    """
    yield from _application_problems(before, after)
    deprecations = _new(before.get("deprecations"), after.get("deprecations"))
    yield from _plugin_problems(before, after, deprecations)
    yield from _renamed(changes)
    for entry in changes.tables.get("conflicts", {}).get("added", ()):
        severity: Severity = "error" if entry["is_error"] else "warning"
        cure = "Disable one of the plugins, or configure it otherwise."
        yield Problem(severity, "conflict", entry["message"], cure)
    for message in deprecations:
        cure = "Plan a later release of the plugin, or ask its author for one."
        yield Problem("warning", "deprecation", message, cure)
    if (error := after.get("inventory_error")) and error != before.get("inventory_error"):
        yield Problem("error", "plugin", f"A plugin could not list what it has: {error}")
    yield from _check_problems(before, after)
    if os.environ.get("COCOPOT_PLUGIN_LOCK", "").strip() and any(changes.tables["plugins"].values()):
        message = "The plugins differ from those of the lock, so that they would be refused."
        yield Problem("warning", "lock", message, "Run `cocopot plugins lock` after the installation.")


def _application_problems(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Problem]:
    old, new = before["application_error"], after["application_error"]
    if new and new == old:
        message = f"The application cannot be loaded, now or then: {new}"
        yield Problem("error", "application", message, "Correct that first; `cocopot check` shows more.")
    elif new:
        yield Problem("error", "application", f"The application could not be loaded: {new}")
    elif old:
        message = f"The application cannot be loaded now, but could be then. Now: {old}"
        yield Problem("note", "application", message)


def _plugin_problems(
    before: Mapping[str, Any], after: Mapping[str, Any], deprecations: list[str]
) -> Iterator[Problem]:
    known = {plugin["name"]: plugin for plugin in before["plugins"]}
    for plugin in after["plugins"]:
        old = known.get(plugin["name"], {})
        if plugin["error"] and plugin["error"]["message"] != (old.get("error") or {}).get("message"):
            yield Problem("error", "plugin", plugin["error"]["message"])
        for text in _new(old.get("warnings"), plugin["warnings"]):
            if not any(message.endswith(text) for message in deprecations):
                yield Problem("warning", "plugin", f"The plugin {plugin['name']!r} {text}")
        if plugin["state"] in {"disabled", "not selected"} and plugin["state"] != old.get("state"):
            message = (
                f"The plugin {plugin['name']!r} would not be loaded: {plugin['state']} {plugin['reason']}"
            )
            yield Problem("note", "plugin", f"{message.strip()}.")


def _renamed(changes: Differences) -> Iterator[Problem]:
    for entry in changes.renamed:
        yield Problem(
            "warning",
            "plugin",
            f"The plugin {entry['before']!r} of {entry['distribution']} would be named {entry['after']!r}.",
            "Adapt the names in COCOPOT_PLUGINS, COCOPOT_DISABLE_PLUGINS, COCOPOT_PLUGIN_ORDER and the "
            "application's arguments, the keys of its configuration, and what other plugins require.",
        )


def _check_problems(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what `cocopot check` finds when the application is started."""

    def findings(snapshot: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        found = (snapshot.get("check") or {}).get("findings", ())
        shown = ("plugin", "conflict") if snapshot is after else ()  # reported from the snapshot itself
        return {(each["kind"], each["problem"]): each for each in found if each["kind"] not in shown}

    known = findings(before)
    for key, finding in findings(after).items():
        if key not in known:
            yield Problem(finding["severity"], "check", finding["problem"], finding["cure"])


def _new(before: list[str] | None, after: list[str] | None) -> list[str]:
    return [text for text in after or () if text not in (before or ())]
