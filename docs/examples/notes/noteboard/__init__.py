"""A board of notes: a page, a JSON API, and an SQLite file that keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot
from noteboard import store
from noteboard.api import api
from noteboard.page import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Response


def create_app(config: Mapping[str, Any] | None = None) -> Cocopot:
    """Make the application.

    Nothing here names a plugin: whatever is installed is loaded, so that other origins may use the API as
    soon as `cocopot-cors` is there.

    Args:
        config: Configuration that wins over the environment. `NOTES_DATABASE` is the path of the SQLite
            file; from the environment it comes as `COCOPOT_NOTES_DATABASE`, and by default it is
            `notes.sqlite` in the instance folder.
    """
    app = Cocopot(__name__)
    app.config.from_mapping(
        NOTES_DATABASE=str(Path(app.instance_path, "notes.sqlite")),
        MAX_CONTENT_LENGTH=256 * 1024,
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    store.init_app(app)
    app.register_blueprint(page)
    app.register_blueprint(api)
    app.after_request(forbid_sniffing)
    return app


def forbid_sniffing(response: Response) -> Response:
    """Tell browsers to believe the content type, so that a note is never run as a script."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
