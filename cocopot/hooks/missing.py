"""Why a plugin that something needs is not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.candidates import installed
from cocopot.missing_names import install_hint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.selection import Selection


def state_of_missing(
    name: str, selection: Selection, failed: Collection[str], passed: Iterable[Candidate]
) -> str | None:
    """Return why a plugin is not loaded although it is there, and what to do about it, as a predicate.

    Args:
        name: The plugin.
        selection: Which plugins the application selects.
        failed: The plugins that were skipped because of an error.
        passed: The plugins that the application passes as objects.

    Returns:
        Such as `"is disabled by disable=. Remove it there."`; `None` if it is neither installed nor passed.
    """
    if name in selection.disabled:
        return f"is disabled by {selection.disabled[name]}. Remove it there."
    if name in failed:
        return "failed to load. See its own error."
    if any(candidate.name == name for candidate in (*installed(), *passed)):
        return f"is installed but not among the names in {selection.allowed_by}. Add it there."
    return None


def why_not_loaded(manager: PluginManager, name: str) -> str:
    """Return why a plugin of Cocopot is not loaded, and what to do about it, as sentences.

    Args:
        manager: The plugin manager.
        name: Name of the plugin, such as `"jinja"` of the distribution `cocopot-jinja`.
    """
    if manager.has_plugin(name):
        return f"The plugin {name!r} is loaded, and does not provide it."
    state = state_of_missing(name, manager.selection, manager.failed, manager.explicit_plugins)
    if state is not None:
        return f"The plugin {name!r} {state}"
    hint = install_hint(name)
    return f"{hint[0].upper()}{hint[1:]}."
