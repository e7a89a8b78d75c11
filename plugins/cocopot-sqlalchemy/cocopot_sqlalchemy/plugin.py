"""The plugin: opens the databases of an application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cocopot import hookimpl
from cocopot_sqlalchemy.checks import database_findings
from cocopot_sqlalchemy.commit import CommitBeforeResponse, is_needed
from cocopot_sqlalchemy.database import NAME, Database, db
from cocopot_sqlalchemy.hooks import SQLAlchemyHooks
from cocopot_sqlalchemy.migrations import Migrations
from cocopot_sqlalchemy.options import DEFAULTS
from cocopot_sqlalchemy.reports import QueryReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Cocopot, PluginManager
    from cocopot.cli import Finding


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
        """Return the defaults of the configuration keys, with mappings that are the application's own."""
        return {key: dict(value) if isinstance(value, dict) else value for key, value in DEFAULTS.items()}

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Add the databases, `request.db`, the route option `commit`, and templates."""
        database = app.extensions[NAME] = Database(app)
        app.add_request_property("db", lambda _request: database.session, cached=False)
        app.add_route_option("commit", bool | None, default=None)
        app.add_template_folder(Path(__file__).with_name("templates"))

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Create the engines, without connecting, and register what the configuration needs.

        Raises:
            PluginError: The configuration is invalid; the message names the key and the value.
        """
        database = db(app)
        database.sessionmaker  # noqa: B018 - creates them, and what makes sessions
        _register(app, CommitBeforeResponse(), is_needed(app))
        _register(app, QueryReport(database.queries), database.queries.is_recording)

    @hookimpl
    def cocopot_shutdown(self, app: Cocopot) -> None:
        """Close the pools."""
        db(app).close()

    @hookimpl(specname="cocopot_check")
    def check_databases(self, app: Cocopot) -> list[Finding]:
        """Report databases that cannot be reached, and those in memory."""
        return list(database_findings(app))

    @hookimpl
    def cocopot_shell_context(self) -> Mapping[str, object]:
        """Add `db` to the shell."""
        return {"db": db}


def _register(app: Cocopot, plugin: CommitBeforeResponse | QueryReport, is_needed: bool) -> None:
    """Register what has hooks of each request, only where it is needed."""
    if app.plugins.has_plugin(plugin.plugin_name):  # of an earlier start
        app.plugins.unregister(name=plugin.plugin_name)
    if is_needed:
        app.plugins.register(plugin)
