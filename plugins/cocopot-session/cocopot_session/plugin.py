"""The plugin: opens and saves the sessions of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The key of the plugin's state in `app.extensions`.
NAME = "session"


class Sessions:
    """Open and save sessions."""

    #: The name under which it is registered when it is passed to an application as an object.
    plugin_name = NAME

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, object]:
        """Return the defaults of the configuration keys."""
        return {"SESSION_STORE": None}
