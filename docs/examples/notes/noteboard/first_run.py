"""What the first start creates: the key that signs cookies, the tables, and the user who may write."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from cocopot_sqlalchemy import db, upgrade
from sqlalchemy import inspect

from cocopot import hookimpl
from cocopot.exceptions import PluginError
from noteboard import users

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot import Cocopot, Config


def read_or_create_key(path: Path) -> str:
    """Return the key in a file, which is created if it does not exist; only its owner can read it.

    Several processes that start at once get the same key. Applications on several machines need one
    `SECRET_KEY` in their configuration.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(secrets.token_hex(32))
            file.flush()
            with suppress(FileExistsError):  # another process was first
                os.link(file.name, path)
    return path.read_text("ascii")


class FirstRun:
    """A plugin of the application's own: it creates the tables, and the user of the configuration."""

    plugin_name = "first_run"
    requires = ("sqlalchemy",)

    @hookimpl
    def cocopot_config_defaults(self) -> dict[str, Any]:
        """Return the defaults: without a password, one is created at the first start."""
        return {"NOTES_USER": "demo", "NOTES_PASSWORD": None}

    @hookimpl(specname="cocopot_startup", tryfirst=True)
    def create_tables(self, app: Cocopot) -> None:
        """Create the tables of a new database, before cocopot-sqlalchemy compares the migrations.

        To one that has tables, nothing is done unasked: `cocopot db upgrade` changes it.
        """
        if not inspect(db(app).engine).get_table_names():
            upgrade(app)

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Create the user.

        Raises:
            PluginError: If user or password are not texts.
        """
        name, password = _text(app.config, "NOTES_USER"), _text(app.config, "NOTES_PASSWORD")
        with db(app).sessionmaker.begin() as session:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})  # one of several processes
            if name and password:
                users.set_password(session, name, password)
                return
            password = secrets.token_urlsafe(9)
            if name and users.add_first(session, name, password):
                # The only time that it can be read; the database has its hash.
                app.logger.warning(
                    "First start: sign in as %r with the password %r. To choose another one, set "
                    "COCOPOT_NOTES_PASSWORD.",
                    name,
                    password,
                )


def _text(config: Config, key: str) -> str | None:
    value = config[key]
    if value is None or (isinstance(value, str) and value):
        return value
    kind = "an empty text" if value == "" else f"of type {type(value).__name__}"
    raise PluginError(
        f"{key} has to be a text, and is {kind} (set by {config.origin(key)}). Write a password of digits in "
        """quotes: COCOPOT_NOTES_PASSWORD='"12345678"'."""
    )
