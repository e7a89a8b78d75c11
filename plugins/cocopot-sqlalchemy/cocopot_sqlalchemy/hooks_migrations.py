"""The hooks with which plugins provide tables and migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookspec

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import MetaData

    from cocopot import Cocopot


class MigrationHooks:
    """The hooks of cocopot-sqlalchemy that are about migrations."""

    @hookspec(order="in", since="1.0", result_type="sqlalchemy:MetaData")
    def sqlalchemy_metadata(self, app: Cocopot) -> MetaData | None:
        """Return the tables of a plugin.

        Fires when the application starts, and in the commands of `cocopot db`; never while requests are
        served. Import the modules with the models first, so that their tables are in the metadata.

        Args:
            app: The application.

        Returns:
            The metadata, such as `Base.metadata`. The name of each table begins with the name of the plugin:
            `tags_tag`, or `tags`, for a plugin `tags`; other characters than letters and digits are replaced
            by `_`. A plugin that adds its models to the metadata of another plugin, or of the application,
            returns that metadata: the tables with its prefix are its own. `None` for no tables.

        All implementations run. Order: in. A table without the prefix is a `PluginError`, and so is one that
        two plugins, or a plugin and the application, have. An exception stops the start, or the command.
        """

    @hookspec(order="in", since="1.0", result_type="builtins:tuple")
    def sqlalchemy_migrations(self, app: Cocopot) -> tuple[Path, str] | None:
        """Return the folder with the Alembic revisions of a plugin, and the label of their branch.

        Fires when the application starts, and in the commands of `cocopot db`; never while requests are
        served.

        Args:
            app: The application.

        Returns:
            The absolute path of the folder, such as `Path(__file__).parent / "migrations"`, and the label of
            the branch, by convention the prefix of the tables. The first revision has it in `branch_labels`;
            `cocopot db revision --plugin NAME` writes it there. `None` for no migrations.

        All implementations run. Order: in. The migrations of a plugin are applied after those of the plugins
        that it requires, and of the owners of the tables that its foreign keys refer to. A label, a folder or
        a revision that two plugins have is a `PluginError`. An exception stops the start, or the command.
        """
