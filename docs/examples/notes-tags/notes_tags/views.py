"""The form with the tags of a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_sqlalchemy import db
from noteboard.models import Note
from noteboard.store import MAX_ID

from cocopot import Blueprint, flash, redirect, request, url_for
from notes_tags.models import LONGEST, set_tags

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

#: The maximum number of tags of a note.
MOST = 10

tags = Blueprint("tags", __name__, static_folder="static", static_url_path="/static/tags")


@tags.post(f"/notes/<int(max={MAX_ID}):note_id>/tags", signed_in=True)
def change(note_id: int) -> Response:
    """Replace the tags of a note by those of the form, which are separated by commas."""
    db().get_or_404(Note, note_id)
    # Spaces at the ends and within, and repeated tags, do not count.
    names = dict.fromkeys(" ".join(name.split()).lower() for name in request.form.get("tags", "").split(","))
    names.pop("", None)
    if len(names) > MOST or any(len(name) > LONGEST for name in names):
        flash(f"A note has at most {MOST} tags of {LONGEST} characters.", "error")
    else:
        set_tags(note_id, names)
        flash("The tags were changed.", "success")
    return redirect(url_for("page.note", note_id=note_id), 303)
