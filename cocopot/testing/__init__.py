"""Test client, pytest helpers and temporary distributions for tests, and lookups for tools for plugins."""

from __future__ import annotations

from cocopot.hooks.advice import plugin_warnings
from cocopot.hooks.candidates import Candidate
from cocopot.hooks.candidates import installed as find_installed_plugins
from cocopot.hooks.distributions import plugin_entry_points
from cocopot.hooks.observers import HookCallRecord
from cocopot.testing.client import Client, CliRunner, EnvironBuilder
from cocopot.testing.distributions import installed_plugin
from cocopot.testing.kit import assert_hook_order, load_plugins, make_app
from cocopot.testing.recorder import Recorder, recorder

__all__ = [
    "Candidate",
    "CliRunner",
    "Client",
    "EnvironBuilder",
    "HookCallRecord",
    "Recorder",
    "assert_hook_order",
    "find_installed_plugins",
    "installed_plugin",
    "load_plugins",
    "make_app",
    "plugin_entry_points",
    "plugin_warnings",
    "recorder",
]
