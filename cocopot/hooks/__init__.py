"""The hook contract, and the plugin manager that enforces it."""

from __future__ import annotations

from cocopot.hooks.manager import PluginManager
from cocopot.hooks.markers import hookimpl, hookspec

__all__ = ["PluginManager", "hookimpl", "hookspec"]
