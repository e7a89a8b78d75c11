"""The queries of requests: what was asked, for how long, by which plugin, and where in the source."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from cocopot import g, has_app_context
from cocopot_sqlalchemy.callers import Callers
from cocopot_sqlalchemy.sqlite import UNRECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, Engine

    from cocopot import Cocopot

#: The attribute of `g` with the queries of a context.
_QUERIES: Final = "cocopot_sqlalchemy_queries"
#: The key of a connection's `info` with when its queries began.
_STARTS: Final = "cocopot_sqlalchemy.starts"
#: The most queries of a context that are kept.
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Query:
    """A statement that was sent to a database.

    Args:
        statement: Its text.
        parameters: Its parameters by name or in order, with texts and bytes masked.
        duration: How long the database took, in seconds.
        engine: The name of the engine.
        plugin: The plugin that sent it, or `None` for the application.
        place: Where in its source, as `PATH:LINE in FUNCTION`.
        error: The name of the exception, if it failed.
    """

    statement: str
    parameters: object
    duration: float
    engine: str
    plugin: str | None
    place: str
    error: str | None = None


@dataclass(slots=True)
class Total:
    """The queries of one plugin.

    Args:
        count: Their number.
        duration: How long the databases took, in seconds.
    """

    count: int = 0
    duration: float = 0.0


class QueryLog:
    """Records queries in debug mode, and notifies observers of them.

    Args:
        app: The application.
    """

    def __init__(self, app: Cocopot) -> None:
        self._app = app
        self._callers = Callers(app)
        self._lock = Lock()
        self._observers: tuple[Callable[[Query], object], ...] = ()
        self._totals: dict[str | None, Total] = {}
        self._listening: list[tuple[str, Engine]] = []

    @property
    def is_recording(self) -> bool:
        """Whether the queries of each context are recorded: SQLALCHEMY_RECORD_QUERIES, or debug mode."""
        value: bool | None = self._app.config["SQLALCHEMY_RECORD_QUERIES"]
        return self._app.debug if value is None else value

    def observe(self, callback: Callable[[Query], object]) -> Callable[[], None]:
        """Notify a callback of each query from now on, also without debug mode.

        Args:
            callback: Takes the `Query`, in the thread that has sent it. What it raises is logged.

        Returns:
            A function that removes it.
        """
        self._observers = (*self._observers, callback)
        for name, engine in self._listening:
            self._listen(name, engine)

        def remove() -> None:
            self._observers = tuple(other for other in self._observers if other is not callback)

        return remove

    def of_context(self) -> list[Query]:
        """Return the queries of the current context, in order; empty where they are not recorded."""
        return list(getattr(g, _QUERIES, ()))

    def totals(self) -> dict[str | None, Total]:
        """Return the queries of this process by plugin; `None` is the application."""
        with self._lock:
            return {name: Total(total.count, total.duration) for name, total in self._totals.items()}

    def listen_to(self, name: str, engine: Engine) -> None:
        """Record the queries of a new engine, if they are recorded or observed."""
        self._listening = [(other, known) for other, known in self._listening if other != name]
        self._listening.append((name, engine))
        if self.is_recording or self._observers:
            self._listen(name, engine)

    def _listen(self, name: str, engine: Engine) -> None:
        listener = _Listener(self, name)
        if not event.contains(engine, "before_cursor_execute", _begin):
            event.listen(engine, "before_cursor_execute", _begin)
            event.listen(engine, "after_cursor_execute", listener.end)
            event.listen(engine, "handle_error", listener.fail)

    def add(self, engine: str, began: float, statement: str, parameters: object, error: str | None) -> None:
        """Record a query that has ended."""
        duration = perf_counter() - began
        plugin, place = self._callers.find(sys._getframe(2))  # noqa: SLF001 - as `logging` does
        query = Query(statement, masked(parameters), duration, engine, plugin, place, error)
        with self._lock:
            total = self._totals.setdefault(plugin, Total())
            total.count += 1
            total.duration += duration
        if self.is_recording and has_app_context():
            queries = getattr(g, _QUERIES, None)
            if queries is None:
                queries = []
                setattr(g, _QUERIES, queries)
            if len(queries) < _MOST:
                queries.append(query)
        for callback in self._observers:
            try:
                callback(query)
            except Exception:
                self._app.logger.exception("sqlalchemy: an observer of queries failed")


class _Listener:
    """Receives the events of one engine."""

    def __init__(self, log: QueryLog, name: str) -> None:
        self._log = log
        self._name = name

    def end(
        self,
        connection: Connection,
        _cursor: object,
        statement: str,
        parameters: object,
        context: object,
        _many: bool,
    ) -> None:
        if starts := connection.info.get(_STARTS):
            self._log.add(self._name, starts.pop(), statement, _parameters(context, parameters), None)

    def fail(self, failure: Any) -> None:
        connection = failure.connection
        if connection is not None and not connection.invalidated and (starts := connection.info.get(_STARTS)):
            error = type(failure.original_exception).__name__
            parameters = _parameters(failure.execution_context, failure.parameters)
            self._log.add(self._name, starts.pop(), failure.statement or "", parameters, error)


def _begin(
    connection: Connection,
    _cursor: object,
    _statement: str,
    _parameters: object,
    context: Any,
    _many: bool,
) -> None:
    if context is not None and context.execution_options.get(UNRECORDED):
        return
    connection.info.setdefault(_STARTS, []).append(perf_counter())


def _parameters(context: Any, parameters: object) -> object:
    """Return the parameters by name, if SQLAlchemy has compiled the statement."""
    named: list[Mapping[str, object]] = getattr(context, "compiled_parameters", None) or []
    if not named:
        return parameters
    return named[0] if len(named) == 1 else named


def masked(value: object) -> object:
    """Return parameters with each text and bytes replaced by its length: they may be personal or secret.

    Args:
        value: A value, or a mapping or sequence of values; of a long sequence, the first ten.
    """
    if isinstance(value, dict):
        return {name: masked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value[:10]]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    size = len(value) if isinstance(value, (str, bytes)) else None
    return f"<{type(value).__name__}>" if size is None else f"<{type(value).__name__} of {size}>"


def repeated(queries: list[Query], more_than: int) -> list[tuple[Query, int]]:
    """Return the first of equal statements of a request, with their number: probably one for each item.

    Args:
        queries: The queries of a request.
        more_than: How many equal ones are not reported.
    """
    counts = Counter(query.statement for query in queries)
    first: dict[str, Query] = {}
    for query in queries:
        first.setdefault(query.statement, query)
    return [(first[statement], count) for statement, count in counts.items() if count > more_than]
