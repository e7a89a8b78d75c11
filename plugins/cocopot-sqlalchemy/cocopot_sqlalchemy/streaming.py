"""Bodies that read from the database while they are sent."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from cocopot import stream_with_context
from cocopot_sqlalchemy.database import db
from cocopot_sqlalchemy.sessions import scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

P = ParamSpec("P")
T = TypeVar("T")


@overload
def stream_with_db(generator_or_function: Iterable[T]) -> Iterator[T]: ...


@overload
def stream_with_db(generator_or_function: Callable[P, Iterable[T]]) -> Callable[P, Iterator[T]]: ...


def stream_with_db(generator_or_function: Any) -> Any:
    """Keep the request's database session open while a streamed body is read.

    Without it the connection is returned to its pool before the body is streamed, so that slow clients do
    not use up the pool. The session is closed when the body has been read, when the client is gone, and
    when the body is never read. It does all that `cocopot.stream_with_context` does.

    Args:
        generator_or_function: An iterable of `str` or `bytes`, or a function that returns one.

    Returns:
        An iterator over the same values, or a function that returns one.

    Raises:
        RuntimeError: No request context is active, or the application does not use the plugin.

    Example:
        ```python
        from cocopot import Cocopot
        from cocopot_sqlalchemy import SQLAlchemy, db, stream_with_db
        from sqlalchemy import text

        app = Cocopot(__name__, autoload=False, plugins=[SQLAlchemy])

        @app.get("/numbers")
        def numbers():
            rows = db().session.execute(text("SELECT 1 UNION SELECT 2"))
            return stream_with_db(f"{row[0]} " for row in rows)
        ```
    """
    if callable(generator_or_function):
        function: Any = generator_or_function

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            return stream_with_db(function(*args, **kwargs))

        return decorated
    iterator = stream_with_context(generator_or_function)
    scope_of(db()).is_kept_for_stream = True
    return iterator
