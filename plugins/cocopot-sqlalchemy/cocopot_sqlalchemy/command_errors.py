"""The errors of `cocopot db` that a user can mend."""

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
