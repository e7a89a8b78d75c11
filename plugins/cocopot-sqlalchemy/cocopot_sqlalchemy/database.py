"""The databases of an application: `db(app)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import current_app
from cocopot_sqlalchemy.engines import DEFAULT, Engines

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from cocopot import Cocopot

#: The key of the plugin's state in `app.extensions`.
NAME = "sqlalchemy"


class Database:
    """The databases of an application.

    Args:
        app: The application.
    """

    def __init__(self, app: Cocopot) -> None:
        self.app = app
        self._engines = Engines(app)

    @property
    def engines(self) -> dict[str, Engine]:
        """The engines by name: `"default"`, and the keys of SQLALCHEMY_BINDS; created at their first use.

        Raises:
            PluginError: The configuration is invalid; the message names the key and the value.
        """
        return self._engines.get()

    @property
    def engine(self) -> Engine:
        """The engine of SQLALCHEMY_DATABASE_URI.

        Raises:
            PluginError: As `engines`.
        """
        return self.engines[DEFAULT]

    def close(self) -> None:
        """Close the pools of all engines; the next use creates new ones."""
        self._engines.close()


def db(app: Cocopot | None = None) -> Database:
    """Return the databases of an application.

    Args:
        app: The application; by default the current one.

    Raises:
        RuntimeError: There is no current application, or it does not use the plugin.
    """
    application = current_app if app is None else app
    found = application.extensions.get(NAME)
    if not isinstance(found, Database):
        raise RuntimeError(  # noqa: TRY004 - the plugin is missing
            f"The application {application.name!r} does not use the plugin {NAME!r}: install "
            "cocopot-sqlalchemy, or pass plugins=[SQLAlchemy] to Cocopot()."
        )
    return found
