"""A note board: HTML pages, a JSON API, and an SQLite database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot
from noteboard import store
from noteboard.access_log import AccessLog
from noteboard.api import api
from noteboard.engine import StringTemplates
from noteboard.page import page
from noteboard.proxies import Proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Response


def create_app(config: Mapping[str, Any] | None = None) -> Cocopot:
    """Create the application.

    The code does not name installed plugins: all of them are loaded. With `cocopot-cors`, for example, pages
    of other origins may use the API.

    Args:
        config: Configuration that overrides the environment. `NOTES_DATABASE` is the path of the SQLite file;
            its environment variable is `COCOPOT_NOTES_DATABASE`, and its default is `notes.sqlite` in the
            instance folder. `NOTES_PROXIES` is the number of proxies in front of the application.
    """
    app = Cocopot(__name__, plugins=[AccessLog, Proxies, StringTemplates])
    app.config.from_mapping(
        NOTES_DATABASE=str(Path(app.instance_path, "notes.sqlite")),
        MAX_CONTENT_LENGTH=256 * 1024,
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    store.init_app(app)
    app.register_blueprint(page)
    app.register_blueprint(api)
    app.after_request(restrict_browsers)
    return app


def restrict_browsers(response: Response) -> Response:
    """Restrict what browsers do with a response.

    They do not guess its type, so that a note is never run as a script. A page loads nothing of other
    origins, and is in no frame of theirs.
    """
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'"
    )
    return response
