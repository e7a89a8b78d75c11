"""The pages: forms that work without a script, each followed by a redirect (RFC 9110, section 15.4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cocopot import (
    Blueprint,
    HTTPException,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from noteboard import store
from noteboard.checks import Invalid, number_of, whole_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot import Response, ResponseValue
    from noteboard.models import Note

page = Blueprint("page", __name__)

#: The number of notes on a page.
PAGE_SIZE = 24
#: An id in the range of SQLite; any other one is a 404.
NOTE = f"/notes/<int(max={store.MAX_ID}):note_id>"
#: What each module of the application is an example of.
MODULES = {
    "__init__.py": "configuration and blueprints",
    "page.py": "views, forms, redirects, flash messages and error pages",
    "accounts.py": "sign-in, and a route option of its own",
    "users.py": "hashed passwords and tokens",
    "api.py": "a blueprint for a JSON API, with errors as JSON",
    "models.py": "tables, with SQLAlchemy",
    "store.py": "queries in the database session of a request",
    "checks.py": "exceptions that become responses",
    "first_run.py": "a plugin that runs when the application starts",
    "hooks.py": "a hook of its own, for installed plugins",
    "access_log.py": "a plugin that observes requests",
}


@page.app_template_filter()
def moment(text: str) -> str:
    """Return a time as people write it."""
    return f"{datetime.fromisoformat(text):%d %b %Y, %H:%M} UTC"


# -------------------------------------------------------------------------
# Reading
# -------------------------------------------------------------------------


@page.get("/")
def index() -> ResponseValue:
    """Show a page of the notes that contain the text `q`, newest first."""
    text = request.args.get("q", "")
    number = number_of(request.args, "page", default=1, most=1_000_000)
    total = store.count(text)
    last = max(1, -(-total // PAGE_SIZE))
    if number > last:  # its last note has been deleted
        return redirect(url_for(".index", **{**_list_arguments(), "page": last}))
    first = (number - 1) * PAGE_SIZE
    notes = store.find(text, PAGE_SIZE, first)
    return render_template(
        "index.html", notes=notes, text=text, first=first + 1, total=total, number=number, last=last
    )


@page.get(NOTE)
def note(note_id: int) -> str:
    """Show a note."""
    return render_template("note.html", note=_note_or_404(note_id))


@page.get("/about")
def about() -> str:
    """Show what the application is made of: its modules, and the plugins that are loaded."""
    return render_template("about.html", modules=MODULES, plugins=list(current_app.plugins.records("plugin")))


@page.get(f"/source/<any({', '.join(map(repr, MODULES))}):name>")
def source(name: str) -> Response:
    """Show the code of a module of this application."""
    return send_from_directory(current_app.root_path, name, mimetype="text/plain")


# -------------------------------------------------------------------------
# Writing
# -------------------------------------------------------------------------


@page.get("/notes/new", signed_in=True)
def new() -> str:
    """Show the form of a new note."""
    return _new_page({"title": "", "body": ""}, {})


@page.post("/notes", signed_in=True)
def create() -> ResponseValue:
    """Add the note of the form, or show the form again with its errors."""
    fields = _fields()
    try:
        added = store.add(**whole_note(fields))
    except Invalid as error:
        return _new_page(fields, error.errors), 422
    flash("The note was added.", "success")
    return redirect(url_for(".index", _anchor=f"note-{added.id}"), 303)


@page.get(f"{NOTE}/edit", signed_in=True)
def edit(note_id: int) -> str:
    """Show the form of a note."""
    note = _note_or_404(note_id)
    return _edit_page(note, {"title": note.title, "body": note.body}, {})


@page.post(f"{NOTE}/edit", signed_in=True)
def change(note_id: int) -> ResponseValue:
    """Change a note, or show the form again with its errors."""
    note = _note_or_404(note_id)
    fields = _fields()
    try:
        store.change(note_id, **whole_note(fields))
    except Invalid as error:
        return _edit_page(note, fields, error.errors), 422
    flash("The note was changed.", "success")
    return redirect(url_for(".note", note_id=note_id, **_list_arguments()), 303)


@page.get(f"{NOTE}/delete", signed_in=True)
def delete(note_id: int) -> str:
    """Ask whether to delete a note."""
    return render_template("delete.html", note=_note_or_404(note_id))


@page.post(f"{NOTE}/delete", signed_in=True)
def remove(note_id: int) -> WerkzeugResponse:
    """Delete a note; one that has been deleted already is no error."""
    if store.remove(note_id):
        flash("The note was deleted.", "success")
    return redirect(url_for(".index", **_list_arguments()), 303)


def _new_page(fields: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template("new.html", note=None, fields=fields, errors=errors)


def _edit_page(note: Note, fields: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template("edit.html", note=note, fields=fields, errors=errors)


# -------------------------------------------------------------------------
# Errors
# -------------------------------------------------------------------------


@page.app_errorhandler(HTTPException)
def error_page(error: HTTPException) -> WerkzeugResponse:
    """Show every error as a page, except those of the API."""
    response = error.get_response(request.environ)
    response.set_data(render_template("error.html", error=error))
    return response


# -------------------------------------------------------------------------
# Helpers
# -------------------------------------------------------------------------


@page.app_context_processor
def add_list_arguments() -> dict[str, Any]:
    """Return what leads back to the list that the client has come from."""
    return {"list_arguments": _list_arguments()}


def _list_arguments() -> dict[str, Any]:
    return {key: request.args[key] for key in ("q", "page") if request.args.get(key)}


def _fields() -> dict[str, str]:
    """Return title and text of the form that was sent; forms send line breaks as CRLF."""
    return {field: request.form.get(field, "").replace("\r\n", "\n") for field in ("title", "body")}


def _note_or_404(note_id: int) -> Note:
    note = store.get(note_id)
    if note is None:
        abort(404, "The note does not exist, or has been deleted.")
    return note
