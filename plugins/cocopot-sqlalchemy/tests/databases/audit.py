"""An example: a plugin that writes an audit trail of what has been committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot_sqlalchemy import db
from sqlalchemy import event, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cocopot import has_request_context, hookimpl, request

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from cocopot import Cocopot

_CHANGES = "audit.changes"


class AuditBase(DeclarativeBase):
    """The base class of the plugin's models."""


class Entry(AuditBase):
    """A change that has been committed."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str]
    table: Mapped[str]
    path: Mapped[str | None]


class Audit:
    """Writes an entry for each object that a transaction has added, changed or deleted, after its commit."""

    plugin_name = "audit"
    requires = ("sqlalchemy",)

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Follow the changes of all sessions."""
        event.listen(db(app).sessionmaker, "after_flush", self._collect)

    def _collect(self, session: Session, _context: object) -> None:
        changes = session.info.setdefault(_CHANGES, [])
        for action, objects in (("add", session.new), ("change", session.dirty), ("delete", session.deleted)):
            changes += [(action, self._table(item)) for item in objects if not isinstance(item, Entry)]

    def _table(self, item: Any) -> str:
        return str(inspect(item).mapper.local_table)

    @hookimpl
    def sqlalchemy_after_commit(self, session: Session) -> None:
        """Write what the transaction has changed, in a transaction of its own."""
        path = request.path if has_request_context() else None
        changes = session.info.pop(_CHANGES, ())
        session.add_all(Entry(action=action, table=table, path=path) for action, table in changes)
        session.commit()

    @hookimpl
    def sqlalchemy_after_rollback(self, session: Session) -> None:
        """Forget what was rolled back."""
        session.info.pop(_CHANGES, None)
