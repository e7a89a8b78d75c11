"""The table of sessions, and the statements that are executed on it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BindParameter,
    Column,
    Double,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

#: The name of the table, unless the URL has another `table`.
TABLE: Final = "cocopot_sessions"
#: What the user of a session has at most, in characters.
LONGEST_USER: Final = 255
#: What MySQL has to be asked for, in bytes; other databases have no limit.
_LARGEST: Final = 2**24 - 1


def session_table(metadata: MetaData, name: str = TABLE) -> Table:
    """Return the table of sessions, for the metadata of an application that creates its tables itself.

    Args:
        metadata: The metadata to define it in.
        name: The name of the table.
    """
    return Table(
        name,
        metadata,
        Column("key", String(128), primary_key=True),
        Column("version", String(64), nullable=False),
        Column("created", Double, nullable=False),
        Column("expires", Double, nullable=False),
        Column("user_id", String(LONGEST_USER)),
        Column("data", LargeBinary(_LARGEST), nullable=False),
        Index(f"ix_{name}_expires", "expires"),
        Index(f"ix_{name}_user_id", "user_id"),
    )


class Statements:
    """The statements on one table; building one takes longer than executing it.

    The parameters are `in_key`, `in_version`, `in_user`, the moment `in_now`, and those of a row:
    `new_version`, `new_created`, `new_expires`, `new_user_id`, `new_data`.

    Args:
        table: The table.
    """

    def __init__(self, table: Table) -> None:
        columns = table.c
        is_key = columns.key == bindparam("in_key")
        is_alive = columns.expires > bindparam("in_now")
        is_new = columns.version == bindparam("new_version")
        row: dict[str, BindParameter[object]] = {
            name: bindparam(f"new_{name}") for name in ("version", "created", "expires", "user_id", "data")
        }
        self.load = select(
            columns.version, columns.created, columns.expires, columns.user_id, columns.data
        ).where(is_key, is_alive)
        self.create = insert(table).values(key=bindparam("in_key"), **row)
        #: Creates a session in the place of an expired one, or again if the first reply was lost.
        self.create_again = update(table).where(is_key, ~is_alive | is_new).values(**row)
        #: Replaces a version, or does so again if the first reply was lost.
        is_version = columns.version == bindparam("in_version")
        self.replace = update(table).where(is_key, is_alive, is_version | is_new).values(**row)
        self.touch = update(table).where(is_key, is_alive).values(expires=bindparam("new_expires"))
        self.delete = delete(table).where(is_key)
        self.keys_of = select(columns.key, columns.user_id).where(
            columns.user_id == bindparam("in_user"), is_alive
        )
        self.clean = delete(table).where(~is_alive)
