"""The pages: forms that work without a script, each followed by a redirect (RFC 9110, section 15.4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from cocopot import (
    Blueprint,
    HTTPException,
    abort,
    current_app,
    redirect,
    request,
    send_from_directory,
    url_for,
)
from noteboard import store
from noteboard.checks import Invalid, number_of, whole_note
from noteboard.render import MESSAGES, MODULES, document, note_form, note_item, page_links, render, summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot import Response

page = Blueprint("page", __name__)

#: The number of notes on a page.
PAGE_SIZE = 50
#: An id in the range of SQLite; any other one is a 404.
NOTE = f"/notes/<int(max={store.MAX_ID}):note_id>"


@page.before_request
def forbid_other_sites() -> None:
    """Refuse forms that a page of another site has sent, as browsers report it."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.method == "POST" and site not in {"same-origin", "none"}:
        abort(403, "The form was sent from another site.")


@page.app_context_processor
def links() -> dict[str, str]:
    """Return what every template can link to."""
    return {"home": url_for("page.index")}


# -------------------------------------------------------------------------
# Views
# -------------------------------------------------------------------------


@page.get("/")
def index() -> str | WerkzeugResponse:
    """Show a page of the notes that contain the text `q`, newest first."""
    number = number_of(request.args, "page", default=1, most=1_000_000)
    last = _last_page(store.count(request.args.get("q", "")))
    if number > last:  # its last note has been deleted
        return redirect(url_for(".index", done=request.args.get("done"), **{**_here(), "page": last}))
    return _board(number, {"title": "", "body": ""}, {})


def _board(number: int, fields: Mapping[str, str], errors: Mapping[str, str]) -> str:
    text = request.args.get("q", "")
    total = store.count(text)
    first = (number - 1) * PAGE_SIZE
    notes = store.find(text, PAGE_SIZE, first)
    message = MESSAGES.get(request.args.get("done", ""))
    main = render(
        "board.html",
        message=Markup('<p class="message" role="status">{}</p>').format(message) if message else "",
        form=note_form(url_for(".create"), "Add", fields, errors),
        text=text,
        summary=summary(text, first + 1, len(notes), total),
        notes=Markup("<ul>{}</ul>").format(Markup("").join(note_item(note, _here()) for note in notes)),
        pages=page_links(text, number, _last_page(total)),
    )
    return document("", main, "board")


def _last_page(total: int) -> int:
    return max(1, -(-total // PAGE_SIZE))


@page.post("/notes")
def create() -> WerkzeugResponse | tuple[str, int]:
    """Add the note of the form, or show the form again with its errors."""
    fields = _fields()
    try:
        store.add(**whole_note(fields))
    except Invalid as error:
        return _board(1, fields, error.errors), 422
    return redirect(url_for(".index", done="added"), 303)


@page.get(f"{NOTE}/edit")
def edit(note_id: int) -> str:
    """Show the form of a note."""
    note = _note_or_404(note_id)
    return _edit_page(note_id, {"title": note.title, "body": note.body}, {})


@page.post(f"{NOTE}/edit")
def change(note_id: int) -> WerkzeugResponse | tuple[str, int]:
    """Change a note, or show the form again with its errors."""
    _note_or_404(note_id)
    fields = _fields()
    try:
        store.change(note_id, **whole_note(fields))
    except Invalid as error:
        return _edit_page(note_id, fields, error.errors), 422
    return redirect(_back(note_id, done="changed"), 303)


def _edit_page(note_id: int, fields: Mapping[str, str], errors: Mapping[str, str]) -> str:
    action = url_for(".change", note_id=note_id, **_here())
    form = note_form(action, "Save", fields, errors, rows=12, cancel=_back(note_id))
    return document("Edit a note", render("edit.html", form=form))


@page.get(f"{NOTE}/delete")
def delete(note_id: int) -> str:
    """Ask whether to delete a note."""
    note = _note_or_404(note_id)
    action = url_for(".remove", note_id=note_id, **_here())
    main = render("delete.html", title=note.title, body=note.body, action=action, back=_back(note_id))
    return document("Delete a note", main)


@page.post(f"{NOTE}/delete")
def remove(note_id: int) -> WerkzeugResponse:
    """Delete a note; one that has been deleted already is no error."""
    store.remove(note_id)
    return redirect(url_for(".index", done="deleted", **_here()), 303)


@page.get(f"/source/<any({', '.join(map(repr, MODULES))}):name>")
def source(name: str) -> Response:
    """Show the code of a module of this application."""
    return send_from_directory(current_app.root_path, name, mimetype="text/plain")


@page.app_errorhandler(HTTPException)
def error_page(error: HTTPException) -> WerkzeugResponse:
    """Show every error as a page, except those of the API."""
    response = error.get_response(request.environ)
    description = error.description or ""
    main = render("error.html", name=error.name, description=description)
    response.set_data(document(error.name, main))
    return response


# -------------------------------------------------------------------------
# Helpers
# -------------------------------------------------------------------------


def _fields() -> dict[str, str]:
    """Return title and text of the form that was sent; forms send line breaks as CRLF."""
    return {field: request.form.get(field, "").replace("\r\n", "\n") for field in ("title", "body")}


def _here() -> dict[str, Any]:
    """Return the arguments of the URL of the list that the client has come from."""
    return {key: request.args[key] for key in ("q", "page") if request.args.get(key)}


def _back(note_id: int, **arguments: Any) -> str:
    """Return the URL of a note in that list."""
    return url_for(".index", _anchor=f"note-{note_id}", **arguments, **_here())


def _note_or_404(note_id: int) -> store.Note:
    note = store.get(note_id)
    if note is None:
        abort(404, "The note does not exist, or has been deleted.")
    return note
