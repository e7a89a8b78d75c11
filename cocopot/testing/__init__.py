"""Test client, pytest helpers and temporary distributions for tests of applications and plugins."""

from __future__ import annotations

from cocopot.hooks.observers import HookCallRecord
from cocopot.testing.client import Client, CliRunner, EnvironBuilder
from cocopot.testing.distributions import installed_plugin
from cocopot.testing.kit import assert_hook_order, make_app
from cocopot.testing.recorder import Recorder, recorder

__all__ = [
    "CliRunner",
    "Client",
    "EnvironBuilder",
    "HookCallRecord",
    "Recorder",
    "assert_hook_order",
    "installed_plugin",
    "make_app",
    "recorder",
]
