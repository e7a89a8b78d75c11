"""What `cocopot db` prints: errors that a user can mend, and texts of packages and of the database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from cocopot import PluginError
from cocopot_sqlalchemy.migrations.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def friendly() -> Iterator[None]:
    """Turn the errors that a user can mend into messages without a traceback."""
    try:
        yield
    except (MigrationError, CommandError, PluginError) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated or error.statement is None:
            raise click.ClickException(f"The database cannot be used: {error.orig}") from error
        raise


def printable(text: str) -> str:
    """Return a text with escapes for what a terminal would interpret."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
