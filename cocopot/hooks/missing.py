"""Why a plugin that something needs is not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.candidates import installed
from cocopot.missing_names import install_hint
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from cocopot.hooks.manager import PluginManager


def why_missing(manager: PluginManager, name: str) -> str:
    """Return why a plugin that another one requires is not loaded, as the end of a sentence.

    Args:
        manager: The plugin manager.
        name: The plugin.
    """
    state = _state(manager, name)
    if state is not None:
        return f"which {state}"
    known = {candidate.name for candidate in (*installed(), *manager.explicit_plugins)}
    hint = did_you_mean(name, known, "Install the distribution that provides it.")
    return f"which is not installed. {hint}"


def why_not_loaded(manager: PluginManager, name: str) -> str:
    """Return why a plugin of Cocopot is not loaded, and what to do about it, as sentences.

    Args:
        manager: The plugin manager.
        name: Name of the plugin, such as `"jinja"` of the distribution `cocopot-jinja`.
    """
    if manager.has_plugin(name):
        return f"The plugin {name!r} is loaded, and does not provide it."
    state = _state(manager, name)
    if state is not None:
        return f"The plugin {name!r} {state}"
    hint = install_hint(name)
    return f"{hint[0].upper()}{hint[1:]}."


def _state(manager: PluginManager, name: str) -> str | None:
    """Return why a plugin is not loaded although it is there, and what to do about it, as a predicate.

    Args:
        manager: The plugin manager.
        name: The plugin.

    Returns:
        Such as `"is disabled by disable=. Remove it there."`; `None` if it is neither installed nor passed.
    """
    selection = manager.selection
    if name in selection.disabled:
        return f"is disabled by {selection.disabled[name]}. Remove it there."
    if name in manager.failed:
        return "failed to load. See its own error."
    is_passed = any(candidate.name == name for candidate in manager.explicit_plugins)
    if not is_passed and all(candidate.name != name for candidate in installed()):
        return None
    if is_passed or selection.allowed is None or name in selection.allowed:
        return "is not registered at this point: it has been unregistered, or is loaded later."
    return f"is installed but not among the names in {selection.allowed_by}. Add it there."
