"""The form with the tags of a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_sqlalchemy import db
from noteboard.models import Note
from noteboard.store import MAX_ID

from cocopot import Blueprint, flash, redirect, render_template, request, url_for
from notes_tags.models import LONGEST, set_tags

if TYPE_CHECKING:
    from cocopot import ResponseValue

#: The maximum number of tags of a note.
MOST = 10

tags = Blueprint("tags", __name__, static_folder="static", static_url_path="/static/tags")


@tags.post(f"/notes/<int(max={MAX_ID}):note_id>/tags", signed_in=True)
def change(note_id: int) -> ResponseValue:
    """Replace the tags of a note by those of the form, or show the form again with its error."""
    note = db().get_or_404(Note, note_id)
    text = request.form.get("tags", "")
    # Spaces at the ends and within, and repeated tags, do not count.
    names = dict.fromkeys(" ".join(name.split()).lower() for name in text.split(","))
    names.pop("", None)
    if len(names) > MOST or any(len(name) > LONGEST for name in names):
        error = f"A note has at most {MOST} tags of {LONGEST} characters."
        return render_template("note.html", note=note, tags_text=text, tags_error=error), 422
    set_tags(note_id, names)
    flash("The tags were changed.", "success")
    return redirect(url_for("page.note", note_id=note_id), 303)
