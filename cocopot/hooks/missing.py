"""Why a plugin that something needs is not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.candidates import installed
from cocopot.missing_names import install_hint

if TYPE_CHECKING:
    from cocopot.hooks.manager import PluginManager


def why_not_loaded(manager: PluginManager, name: str) -> str:
    """Return why a plugin of Cocopot is not loaded, and what to do about it, as sentences.

    Args:
        manager: The plugin manager.
        name: Name of the plugin, such as `"jinja"` of the distribution `cocopot-jinja`.
    """
    selection = manager.selection
    if manager.has_plugin(name):
        return f"The plugin {name!r} is loaded, and does not provide it."
    if name in manager.failed:
        return f"The plugin {name!r} failed to load. See its own error."
    if name in selection.disabled:
        return f"The plugin {name!r} is disabled by {selection.disabled[name]}. Remove it there."
    if any(candidate.name == name for candidate in installed()):
        where = selection.allowed_by
        return f"The plugin {name!r} is installed but not among the names in {where}. Add it there."
    hint = install_hint(name)
    return f"{hint[0].upper()}{hint[1:]}."
