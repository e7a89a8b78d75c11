"""The JSON API: notes under `/api/notes`, and errors as problem details (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot import Blueprint, HTTPException, abort, current_app, jsonify, request, url_for
from noteboard import store
from noteboard.checks import Invalid, number_of, partial_note, whole_note

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot import Response

api = Blueprint("api", __name__, url_prefix="/api/notes")

#: An id that SQLite can hold; anything else is a 404.
NOTE = f"/<int(max={store.MAX_ID}):note_id>"
MISSING = "There is no note of that number."


@api.get("")
def list_notes() -> dict[str, Any]:
    """Return one page of the notes that contain the text `q`, newest first."""
    text = request.args.get("q", "")
    page = number_of(request.args, "page", default=1, most=1_000_000)
    size = number_of(request.args, "per_page", default=20, most=100)
    total = store.count(text)
    return {
        "notes": store.find(text, size, (page - 1) * size),
        "page": page,
        "per_page": size,
        "total": total,
        "previous": _page_url(text, page - 1, size) if page > 1 else None,
        "next": _page_url(text, page + 1, size) if page * size < total else None,
    }


def _page_url(text: str, page: int, size: int) -> str:
    return url_for(".list_notes", q=text or None, page=page, per_page=size)


@api.post("")
def create_note() -> tuple[Response, int, dict[str, str]]:
    """Make a note, and say where it is."""
    note = store.add(**whole_note(request.get_json()))
    return jsonify(note), 201, {"Location": url_for(".read_note", note_id=note.id)}


@api.get(NOTE)
def read_note(note_id: int) -> WerkzeugResponse:
    """Return a note, or 304 if the client has it already (RFC 9110, section 13)."""
    response = jsonify(_found(store.get(note_id)))
    response.add_etag()
    return response.make_conditional(request.environ)


@api.put(NOTE)
def replace_note(note_id: int) -> Response:
    """Replace a note; a body that is left out becomes empty."""
    return jsonify(_found(store.change(note_id, **whole_note(request.get_json()))))


@api.patch(NOTE)
def change_note(note_id: int) -> Response:
    """Change those fields of a note that are given."""
    return jsonify(_found(store.change(note_id, **partial_note(request.get_json()))))


@api.delete(NOTE)
def delete_note(note_id: int) -> tuple[str, int]:
    """Delete a note."""
    if not store.remove(note_id):
        abort(404, MISSING)
    return "", 204


def _found(note: store.Note | None) -> store.Note:
    if note is None:
        abort(404, MISSING)
    return note


@api.errorhandler(HTTPException)
def problem(error: HTTPException) -> WerkzeugResponse:
    """Answer every error as JSON, unknown paths and methods below the prefix included."""
    response = error.get_response(request.environ)
    details: dict[str, Any] = {"status": error.code, "title": error.name, "detail": error.description}
    if isinstance(error, Invalid):
        details["errors"] = error.errors
    response.set_data(current_app.json.dumps(details))
    response.content_type = "application/problem+json"
    return response
