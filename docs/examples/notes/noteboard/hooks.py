"""The hooks of this application, with which installed plugins add to its notes.

Pages have slots, too, which plugins contribute to with `jinja_slot`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cocopot import hookimpl, hookspec

if TYPE_CHECKING:
    from cocopot import Cocopot, PluginManager
    from noteboard.models import Note

#: A field, and its value in each note, by the number of the note.
Fields = Mapping[str, Mapping[int, object]]


class NoteboardHooks:
    """The hooks of this application."""

    @hookspec(order="in", since="1.0", result_type="collections.abc:Mapping")
    def noteboard_fields(self, app: Cocopot, notes: Sequence[Note]) -> Fields | None:
        """Add fields to the notes of the API.

        Fires for each response of the API with notes, once for all of them, so that one query suffices.

        Args:
            app: The application.
            notes: The notes of the response.

        Returns:
            A field, and its value in each note by `note.id`, such as `{"tags": {7: ["plants"]}}`; or `None`.

        All implementations run. Order: in. An exception is a 500.
        """


class Noteboard:
    """A plugin of the application's own: it adds the hooks. What adds to notes requires "noteboard"."""

    plugin_name = "noteboard"
    requires = ("csrf", "headers", "jinja", "session", "sqlalchemy")

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
        """Add the hooks."""
        pluginmanager.add_hookspecs(NoteboardHooks)
