"""The banner: what a server prints about the application before it serves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.app import Cocopot
    from cocopot.exceptions import PluginError


def print_banner(app: Cocopot) -> None:
    """Print the application's name, its debug mode, and its plugins, with the reason why one is missing."""
    lines = list(_plugin_lines(app))
    title = f" * Cocopot app {app.name!r}, debug mode {'on' if app.debug else 'off'}"
    head = [title, " * Plugins:" if lines else " * Plugins: none"]
    sys.stderr.write("\n".join([*head, *lines]) + "\n")
    sys.stderr.flush()


def _plugin_lines(app: Cocopot) -> Iterator[str]:
    for record in app.plugins.records("plugin"):
        source = f"  ({record.distribution} {record.version})" if record.distribution else ""
        yield f"     {record.name}{source}"
    for name, error in app.plugins.failed.items():
        yield f"     {name}  (skipped: {_first_line(error)})"
    for name, setting in app.plugins.selection.disabled.items():
        yield f"     {name}  (disabled by {setting})"


def _first_line(error: PluginError) -> str:
    return error.problem.partition("\n")[0]
