"""Tags for the notes of the example application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from cocopot_jinja import render_markup

from cocopot import g, hookimpl
from notes_tags.models import Base, tags_of
from notes_tags.views import tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noteboard.hooks import Fields
    from noteboard.models import Note
    from sqlalchemy import MetaData

    from cocopot import Cocopot

FOLDER = Path(__file__).parent


class Tags:
    """Shows the tags of each note, with a form for users, and adds them to the notes of the API."""

    requires = ("jinja", "noteboard", "sqlalchemy")

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Add the templates, and the form's view."""
        app.add_template_folder(FOLDER / "templates")
        app.register_blueprint(tags)

    @hookimpl
    def sqlalchemy_metadata(self) -> MetaData:
        """Return the table."""
        return Base.metadata

    @hookimpl
    def sqlalchemy_migrations(self) -> tuple[Path, str]:
        """Return the migrations, and the label of their branch."""
        return FOLDER / "migrations", "tags"

    @hookimpl
    def jinja_slot(self, slot: str, context: Mapping[str, object]) -> str | None:
        """Show the tags of a note, and the form on its page."""
        if slot == "head":
            return render_markup("tags/head.html")
        if slot == "note":
            return render_markup("tags/tags.html", tags=_shown_tags(context))
        if slot == "note_page":
            return render_markup(
                "tags/form.html",
                tags=_shown_tags(context),
                note=context["note"],
                text=context.get("tags_text"),
                error=context.get("tags_error"),
            )
        return None

    @hookimpl
    def noteboard_fields(self, notes: Sequence[Note]) -> Fields:
        """Add the field `tags` to the notes of the API."""
        return {"tags": tags_of([note.id for note in notes])}


def _shown_tags(context: Mapping[str, object]) -> list[str]:
    """Return the tags of a note; those of all notes of a page are read together."""
    note = cast("Note", context["note"])
    if note.id not in g.setdefault("tags", {}):
        notes = cast("Iterable[Note]", context.get("notes", [note]))
        g.tags.update(tags_of([each.id for each in notes]))
    shown: list[str] = g.tags[note.id]
    return shown
