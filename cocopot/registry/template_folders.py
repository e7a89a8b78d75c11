"""The folders with templates of an application, its blueprints and its plugins, in search order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

from cocopot.templating import TemplateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot.app import Cocopot
    from cocopot.hooks.records import PluginRecord
    from cocopot.types import StrPath

    #: Plugins by the paths of folders.
    Added: TypeAlias = Mapping[str, PluginRecord | None]
    #: Whether the owner is a plugin, and the negative of its position in the load order.
    _Rank: TypeAlias = tuple[bool, int]


def search_path(app: Cocopot, added: Added) -> list[TemplateFolder]:
    """Return the folders with templates; see `Cocopot.iter_template_folders`.

    Args:
        app: The application.
        added: The folders that have been added, each with its plugin, or `None` for the application.
    """
    found: dict[str, TemplateFolder] = {}
    for _, folder in sorted(_folders(app, added), key=lambda item: item[0]):
        found.setdefault(folder.path, folder)
    return list(found.values())


def _folders(app: Cocopot, added: Added) -> Iterator[tuple[_Rank, TemplateFolder]]:
    """Yield each folder with the rank of its owner."""
    if app.template_folder is not None:
        yield _folder(app.root_path, app.template_folder, None)
    records = app.plugins.records_by_name
    for path, record in added.items():
        if record is None or records.get(record.name) is record:
            yield _folder(app.root_path, path, record)
    for name, blueprint in app.blueprints.items():
        if blueprint.template_folder is not None:
            record = app.plugins.claims.record_of("blueprint", name)
            yield _folder(blueprint.root_path, blueprint.template_folder, record, name)


def _folder(
    root: str, folder: StrPath, record: PluginRecord | None, blueprint: str | None = None
) -> tuple[_Rank, TemplateFolder]:
    path = os.path.abspath(os.path.join(root, folder))  # noqa: PTH100, PTH118 - as for the static folder
    if record is None:
        return (False, 0), TemplateFolder(path, blueprint)
    distribution, version = record.distribution or None, record.version or None
    return (True, -record.index), TemplateFolder(path, blueprint, record.name, distribution, version)
