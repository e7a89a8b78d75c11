"""The commands of a blueprint."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.cli import AppGroup
    from cocopot.types import Options

#: The group is named like the blueprint.
BY_NAME: Final = ""


class BlueprintCommands:
    """The commands of a blueprint, which the application has from its registration on."""

    name: str
    cli_group: str | None

    @cached_property
    def cli(self) -> AppGroup:
        """The group of the blueprint's commands."""
        from cocopot.cli import AppGroup

        return AppGroup(self.name)

    def _register_commands(self, app: Cocopot, name: str, options: Options) -> None:
        group: str | None = options.get("cli_group", self.cli_group)
        app.blueprint_cli_groups[name] = name if group == BY_NAME else group
        if "cli" in vars(app):
            app.cli.add_blueprint(name)
