"""A note board: HTML pages with a sign-in, a JSON API, and an SQLite database.

Pages, sessions, security and the database come from installed plugins: the code sets what is particular to
this application, and registers none of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot
from noteboard.access_log import AccessLog
from noteboard.accounts import Accounts, accounts
from noteboard.api import api
from noteboard.first_run import FirstRun, read_or_create_key
from noteboard.hooks import Noteboard
from noteboard.models import Base
from noteboard.page import page

if TYPE_CHECKING:
    from collections.abc import Mapping


def create_app(config: Mapping[str, Any] | None = None) -> Cocopot:
    """Create the application.

    The plugins sqlalchemy, jinja, session, csrf and headers have to be installed. With cors, pages of other
    origins may use the API.

    Args:
        config: Configuration that overrides the environment, in which `COCOPOT_NOTES_DATABASE` sets
            `NOTES_DATABASE`. That is the path of the SQLite file, by default `notes.sqlite` in the instance
            folder. `NOTES_USER` and `NOTES_PASSWORD` are who may write; without a password, one is created
            at the first start, and logged. Without `SECRET_KEY`, a key is created beside the database.
    """
    app = Cocopot(__name__, plugins=[AccessLog, Accounts, FirstRun, Noteboard])
    app.config.from_mapping(
        NOTES_DATABASE=str(Path(app.instance_path, "notes.sqlite")),
        SQLALCHEMY_METADATA=Base,
        SQLALCHEMY_COMMIT="response",
        # An installed plugin may have tables: without them the application does not start.
        SQLALCHEMY_MIGRATIONS="refuse",
        MAX_CONTENT_LENGTH=256 * 1024,
        # Scripts of other origins use the API with a token; pages have no CORS headers.
        CORS_RESOURCES={"/api": {"origins": "*", "expose_headers": ["ETag", "Location"]}},
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    if app.secret_key is None:
        app.secret_key = read_or_create_key(Path(app.config["NOTES_DATABASE"]).with_suffix(".key"))
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{app.config['NOTES_DATABASE']}"
    app.register_blueprint(page)
    app.register_blueprint(accounts)
    app.register_blueprint(api)
    return app
