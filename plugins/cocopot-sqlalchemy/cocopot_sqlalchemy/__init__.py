"""Databases: SQLAlchemy's engines, sessions and transactions, and migrations, for an application."""

from __future__ import annotations

from cocopot_sqlalchemy.database import Database, db
from cocopot_sqlalchemy.hooks import SQLAlchemyHooks
from cocopot_sqlalchemy.keyset import KeysetPage
from cocopot_sqlalchemy.migrations import upgrade
from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.pagination import Page
from cocopot_sqlalchemy.plugin import SQLAlchemy
from cocopot_sqlalchemy.proxies import db_session
from cocopot_sqlalchemy.queries import Query
from cocopot_sqlalchemy.retries import is_retryable
from cocopot_sqlalchemy.streaming import stream_with_db

__all__ = [
    "Database",
    "KeysetPage",
    "MigrationError",
    "Page",
    "Query",
    "SQLAlchemy",
    "SQLAlchemyHooks",
    "db",
    "db_session",
    "is_retryable",
    "stream_with_db",
    "upgrade",
]
