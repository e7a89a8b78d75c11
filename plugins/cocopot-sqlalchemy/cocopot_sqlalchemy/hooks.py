"""The hooks that other plugins can implement; those of migrations are in `hooks_migrations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookspec

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from cocopot import Cocopot


class SQLAlchemyHooks:
    """The hooks of cocopot-sqlalchemy."""

    @hookspec(order="in", since="1.0")
    def sqlalchemy_engine(self, app: Cocopot, name: str, engine: Engine) -> None:
        """Prepare an engine: listen to its events, for metrics or for settings of each connection.

        Fires once for each engine and process, when the engines are created: at the start of the
        application, or when they are first used before.

        Args:
            app: The application.
            name: The name of the engine: `"default"`, or a key of SQLALCHEMY_BINDS.
            engine: The engine, which has not connected yet.

        A return value is ignored. All implementations run. An exception reaches what first uses the engines,
        with the name of the plugin; the next use tries again.
        """
