"""Roll an application back to an earlier state, when a plugin fails that has registered something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.registry.callbacks import FunctionList
from cocopot.registry.properties import PROPERTY_TABLES
from cocopot.registry.tables import ScopedTable
from cocopot.registry.templates import NAME_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.registry.decorators import AppRegistrar

_MISSING = object()
_PLAIN_REGISTRIES = (
    *(
        "view_functions",
        "blueprints",
        "blueprint_prefixes",
        "blueprint_cli_groups",
        "extensions",
        "_added_template_folders",
    ),
    *("route_options", "_scope_options"),
    *NAME_TABLES,
    *PROPERTY_TABLES,
)


def checkpoint(app: AppRegistrar) -> Callable[[], None]:
    """Return a function that rolls an application back; see `Cocopot.checkpoint`.

    Args:
        app: The application.
    """
    attributes = dict(vars(app))
    rules, converters = list(app.router.iter_rules()), dict(app.router.converters)
    values = {name: dict(getattr(app, name)) for name in _PLAIN_REGISTRIES}
    restore_config = app.config.snapshot()
    plugins = {record.name for record in app.plugins.records("plugin")}
    tables = {
        name: table.as_data()
        for name, table in attributes.items()
        if isinstance(table, (ScopedTable, FunctionList))
    }

    def restore() -> None:
        for record in app.plugins.records("plugin"):
            if record.name not in plugins:
                app.plugins.unregister(name=record.name)
        for name in [
            name for name, value in vars(app).items() if attributes.get(name, _MISSING) is not value
        ]:
            if name in attributes:
                setattr(app, name, attributes[name])
            else:
                delattr(app, name)
        app.router.converters = converters
        if len(list(app.router.iter_rules())) != len(rules):
            app.router = app.router.restricted_to(rules)
        for name, value in values.items():
            registry = getattr(app, name)
            registry.clear()
            registry.update(value)
        restore_config()
        for name, table in tables.items():
            getattr(app, name).replace(table)

    return restore
