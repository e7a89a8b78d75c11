"""Databases: SQLAlchemy's engines, sessions and transactions, and migrations, for an application."""

from __future__ import annotations

from cocopot_sqlalchemy.database import Database, db
from cocopot_sqlalchemy.hooks import SQLAlchemyHooks
from cocopot_sqlalchemy.plugin import SQLAlchemy

__all__ = ["Database", "SQLAlchemy", "SQLAlchemyHooks", "db"]
