"""What `cocopot check` reports about databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from cocopot_sqlalchemy.database import NAME, db
from cocopot_sqlalchemy.sqlite import is_in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot import Cocopot
    from cocopot.cli import Finding


def database_findings(app: Cocopot) -> Iterator[Finding]:
    """Yield what is wrong with the databases of an application.

    Args:
        app: The application.
    """
    from cocopot.cli import Finding  # while requests are served, the command line is not imported

    for name, engine in db(app).engines.items():
        url = engine.url.render_as_string()
        if engine.dialect.name == "sqlite" and is_in_memory(engine.url):
            problem = f"The database {name!r} is in memory: each process has another one, which ends with it."
            yield Finding("warning", "production", problem, "Use a file, or a database server.", NAME)
            continue
        try:
            engine.connect().close()
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).strip()
            problem = f"The database {name!r} ({url}) cannot be reached: {reason}"
            yield Finding("error", "configuration", problem, "Start it, or correct its URL.", NAME)
