"""The plugin: opens the databases of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookimpl
from cocopot_sqlalchemy.database import NAME, Database, db
from cocopot_sqlalchemy.hooks import SQLAlchemyHooks
from cocopot_sqlalchemy.migrations import Migrations
from cocopot_sqlalchemy.options import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Cocopot, PluginManager


class SQLAlchemy(Migrations):
    """Open the databases of an application, with plain SQLAlchemy.

    Example:
        ```python
        from cocopot import Cocopot
        from cocopot_sqlalchemy import SQLAlchemy, db
        from sqlalchemy import text

        app = Cocopot(__name__, autoload=False, plugins=[SQLAlchemy])
        app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"

        with db(app).engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        ```
    """

    #: The name under which it is registered when it is passed to an application as an object.
    plugin_name = NAME

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
        """Add the hooks of the plugin."""
        pluginmanager.add_hookspecs(SQLAlchemyHooks)

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, object]:
        """Return the defaults of the configuration keys."""
        return DEFAULTS

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Add the databases."""
        app.extensions[NAME] = Database(app)

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Create the engines, without connecting.

        Raises:
            PluginError: The configuration is invalid; the message names the key and the value.
        """
        db(app).engines  # noqa: B018 - creates them

    @hookimpl
    def cocopot_shutdown(self, app: Cocopot) -> None:
        """Close the pools."""
        db(app).close()
