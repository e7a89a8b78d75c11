"""The JSON API: notes under `/api/notes`, and errors as problem details (RFC 9457).

Everybody may read. To write, a program sends the token of a user (RFC 6750); cookies do not count, so that a
page of another site cannot act for a user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import WWWAuthenticate

from cocopot import Blueprint, HTTPException, abort, current_app, g, jsonify, request, url_for
from cocopot.exceptions import Unauthorized
from noteboard import store, users
from noteboard.checks import Invalid, number_of, partial_note, whole_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot import Response
    from noteboard.models import Note

api = Blueprint("api", __name__, url_prefix="/api")

#: An id in the range of SQLite; any other one is a 404.
NOTE = f"/notes/<int(max={store.MAX_ID}):note_id>"
MISSING = "The note does not exist."
#: The fields of a note.
FIELDS = ("id", "title", "body", "created", "updated")
UNAUTHORIZED = "To change notes, send a token of your account: `Authorization: Bearer TOKEN`."


@api.before_request
def require_token() -> None:
    """Refuse a change without a valid token."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    sent = request.authorization
    g.user = users.of_token(sent.token or "") if sent is not None and sent.type == "bearer" else None
    if g.user is None:
        challenge = WWWAuthenticate("bearer", {"realm": "notes"})
        raise Unauthorized(UNAUTHORIZED, www_authenticate=challenge)


@api.get("/notes")
def list_notes() -> dict[str, Any]:
    """Return one page of the notes that contain the text `q`, newest first."""
    text = request.args.get("q", "")
    page = number_of(request.args, "page", default=1, most=1_000_000)
    size = number_of(request.args, "per_page", default=20, most=100)
    total = store.count(text)
    return {
        "notes": _documents(store.find(text, size, (page - 1) * size)),
        "page": page,
        "per_page": size,
        "total": total,
        "previous": _page_url(text, page - 1, size) if page > 1 else None,
        "next": _page_url(text, page + 1, size) if page * size < total else None,
    }


def _page_url(text: str, page: int, size: int) -> str:
    return url_for(".list_notes", q=text or None, page=page, per_page=size)


@api.post("/notes")
def create_note() -> tuple[Response, int, dict[str, str]]:
    """Create a note, and return it with its URL."""
    note = store.add(**whole_note(request.get_json()))
    return _json_of(note), 201, {"Location": url_for(".read_note", note_id=note.id)}


@api.get(NOTE)
def read_note(note_id: int) -> WerkzeugResponse:
    """Return a note, or 304 if the client has the current version (RFC 9110, section 13)."""
    response = _json_of(store.get(note_id))
    response.add_etag()
    return response.make_conditional(request.environ)


@api.put(NOTE)
def replace_note(note_id: int) -> Response:
    """Replace a note; a missing body becomes empty."""
    return _json_of(store.change(note_id, **whole_note(request.get_json())))


@api.patch(NOTE)
def change_note(note_id: int) -> Response:
    """Change the fields of a note that are in the request."""
    return _json_of(store.change(note_id, **partial_note(request.get_json())))


@api.delete(NOTE)
def delete_note(note_id: int) -> tuple[str, int]:
    """Delete a note."""
    if not store.remove(note_id):
        abort(404, MISSING)
    return "", 204


def _json_of(note: Note | None) -> Response:
    if note is None:
        abort(404, MISSING)
    return jsonify(*_documents([note]))


def _documents(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Return notes as the API has them, with the fields that plugins add."""
    documents = [{field: getattr(note, field) for field in FIELDS} for note in notes]
    for added in current_app.plugins.hook.noteboard_fields(app=current_app, notes=notes):
        for field, values in added.items():
            for document in documents:
                document[field] = values[document["id"]]
    return documents


@api.errorhandler(HTTPException)
def problem(error: HTTPException) -> WerkzeugResponse:
    """Return every error as JSON, including unknown paths and methods under the prefix."""
    response = error.get_response(request.environ)
    details: dict[str, Any] = {"status": error.code, "title": error.name, "detail": error.description}
    if isinstance(error, Invalid):
        details["errors"] = error.errors
    response.set_data(current_app.json.dumps(details))
    response.content_type = "application/problem+json"
    return response
