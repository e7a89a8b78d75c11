"""Which tables belong to whom: the models of all plugins and of the application together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import MetaData

from cocopot_sqlalchemy.engines import DEFAULT
from cocopot_sqlalchemy.migrations.owners import APPLICATION, is_prefixed, plugin_error, title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Table

    from cocopot import Cocopot
    from cocopot_sqlalchemy.migrations.owners import Owner

#: What the names of archived tables begin with.
ARCHIVED: Final = "cocopot_archived_"
_METADATA: Final = "sqlalchemy_metadata"
# The key of `info` of a metadata or a table with the name of its engine.
_BIND_KEY: Final = "bind_key"


class Models:
    """The tables of all owners.

    Args:
        app: The application.
        owners: The owners.

    Raises:
        PluginError: A table lacks the prefix of its plugin, or two of them have it.
    """

    def __init__(self, app: Cocopot, owners: Sequence[Owner]) -> None:
        self._app = app
        #: The name of the owner of each table.
        self.owners: dict[str, str] = {}
        #: All tables, in one metadata.
        self.metadata = MetaData()
        providers: dict[int, tuple[MetaData, list[Owner]]] = {}
        for owner in owners:
            for metadata in owner.metadata:
                providers.setdefault(id(metadata), (metadata, []))[1].append(owner)
        for metadata, group in providers.values():
            self._add(metadata, group)

    def _add(self, metadata: MetaData, group: Sequence[Owner]) -> None:
        """Add the tables of one metadata, which several owners may share."""
        for key, table in metadata.tables.items():
            if table.info.get(_BIND_KEY, metadata.info.get(_BIND_KEY, DEFAULT)) != DEFAULT:
                continue  # it is in another database than that of the migrations
            owner = _owner_among(group, table.name)
            if owner is None:
                raise self._lacks_prefix(group[0], key)
            other = self.owners.setdefault(key, owner.name)
            if key in self.metadata.tables:
                raise self._is_twice(owner, other, key)
            table.to_metadata(self.metadata).info.update(table.info)

    def _lacks_prefix(self, owner: Owner, key: str) -> Exception:
        problem = f"has a table {key!r}, whose name does not begin with {owner.prefix + '_'!r}."
        cure = (
            f"Name it {owner.prefix + '_' + key!r}, so that neither another plugin nor the application has a "
            "table of that name."
        )
        return plugin_error(self._app, owner.name, problem, cure, _METADATA)

    def _is_twice(self, owner: Owner, other: str, key: str) -> Exception:
        named, rival = (owner.name, other) if owner.name != APPLICATION else (other, owner.name)
        problem = f"has the table {key!r}, which {self._title(rival)} has, too."
        cure = "One of them needs another name: the data of both would be in one table."
        return plugin_error(self._app, named, problem, cure, _METADATA)

    def _title(self, name: str) -> str:
        record = self._app.plugins.records_by_name.get(name)
        return title_of(name) if record is None else title_of(name, record.distribution, record.version)

    def referred(self) -> dict[str, set[str]]:
        """Return for each owner those to whose tables its foreign keys refer."""
        found: dict[str, set[str]] = {}
        for key, table in self.metadata.tables.items():
            for foreign in table.foreign_keys:
                target = foreign.target_fullname.rpartition(".")[0]
                owner = self.owners.get(target)
                if owner is not None and owner != self.owners[key]:
                    found.setdefault(self.owners[key], set()).add(owner)
        return found

    def of(self, name: str) -> list[Table]:
        """Return the tables of an owner."""
        return [table for key, table in self.metadata.tables.items() if self.owners[key] == name]


def _owner_among(group: Iterable[Owner], table: str) -> Owner | None:
    """Return the owner of a table: the longest prefix decides, and the application has the rest."""
    prefixed = [owner for owner in group if owner.has_prefix(table)]
    if prefixed:
        return max(prefixed, key=lambda owner: len(owner.prefix))
    return next((owner for owner in group if owner.name == APPLICATION), None)


def owner_of_table(table: str, recorded: Mapping[str, str], prefixes: Mapping[str, str]) -> str:
    """Return the name of the owner of a table of the database.

    Args:
        table: Its name.
        recorded: The owners of the tables that migrations have created.
        prefixes: The owners by their prefixes.
    """
    if table in recorded:
        return recorded[table]
    found = [prefix for prefix in prefixes if is_prefixed(table, prefix)]
    return prefixes[max(found, key=len)] if found else APPLICATION


def in_order(owners: Sequence[Owner], models: Models) -> list[Owner]:
    """Return the owners in the order in which their migrations are applied.

    Each comes after those that it requires, and after those to whose tables its foreign keys refer; of a
    cycle the one that was loaded first.

    Args:
        owners: The plugins in load order, then the application.
        models: The tables.
    """
    by_name = {owner.name: owner for owner in owners}
    referred = models.referred()
    ordered: dict[str, Owner] = {}
    entered: set[str] = set()

    def add(owner: Owner) -> None:
        if owner.name in entered:
            return
        entered.add(owner.name)
        needed = {*owner.requires, *referred.get(owner.name, ())}
        for other in owners:
            if other.name in needed:
                add(by_name[other.name])
        ordered[owner.name] = owner

    for owner in owners:
        add(owner)
    return list(ordered.values())
