"""The HTML page: shows and searches notes without a script; adds and deletes them with one."""

from __future__ import annotations

from pathlib import Path
from string import Template

from markupsafe import escape

from cocopot import Blueprint, request, url_for
from noteboard import store

page = Blueprint("page", __name__)

#: The number of notes on the page.
PAGE_SIZE = 50
#: The page loads no resources of other origins.
HEADERS = {"Content-Security-Policy": "default-src 'self'; img-src data:"}


def _template(name: str) -> Template:
    return Template((Path(__file__).parent / "templates" / name).read_text("utf-8"))


PAGE, NOTE = _template("page.html"), _template("note.html")


@page.get("/")
def index() -> tuple[str, dict[str, str]]:
    """Show the newest notes that contain the text `q`."""
    text = request.args.get("q", "")
    notes = store.find(text, PAGE_SIZE)
    total = store.count(text)
    return _page(text, notes, total), HEADERS


def _page(text: str, notes: list[store.Note], total: int) -> str:
    """Render the page; every value is escaped except the notes, whose own values are escaped."""
    return PAGE.substitute(
        text=escape(text),
        summary=escape(_summary(text, len(notes), total)),
        notes="".join(_note(note) for note in notes),
        api=escape(url_for("api.list_notes")),
        style=escape(url_for("static", filename="board.css")),
        script=escape(url_for("static", filename="board.js")),
    )


def _note(note: store.Note) -> str:
    return NOTE.substitute(
        id=note.id,
        url=escape(url_for("api.read_note", note_id=note.id)),
        title=escape(note.title),
        body=escape(note.body),
        updated=escape(note.updated),
        day=escape(note.updated[:10]),
    )


def _summary(text: str, shown: int, total: int) -> str:
    what = f" with “{text}”" if text else ""
    if total == 0:
        return f"There are no notes{what} yet."
    of_total = f"The newest {shown} of {total}" if shown < total else str(total)
    return f"{of_total} {'note' if total == 1 else 'notes'}{what}"
