"""The databases of an application: `db(app)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.pool import StaticPool

from cocopot import current_app, has_app_context
from cocopot_sqlalchemy.commit import commits_response
from cocopot_sqlalchemy.engines import DEFAULT, Engines
from cocopot_sqlalchemy.lookups import Lookups
from cocopot_sqlalchemy.queries import QueryLog
from cocopot_sqlalchemy.retries import run_in_transaction
from cocopot_sqlalchemy.sessions import new_sessionmaker, scope_of
from cocopot_sqlalchemy.transactions import Transactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session, sessionmaker

    from cocopot import Cocopot, Request
    from cocopot_sqlalchemy.sessions import ContextSession

T = TypeVar("T")

#: The key of the plugin's state in `app.extensions`.
NAME = "sqlalchemy"


class Database(Lookups):
    """The databases of an application.

    Args:
        app: The application.
    """

    def __init__(self, app: Cocopot) -> None:
        self.app = app
        self._sessionmaker: sessionmaker[ContextSession] | None = None
        self._transactions: Transactions | None = None
        #: The queries of requests, where they are recorded.
        self.queries = QueryLog(app)
        self._engines = Engines(app, self.queries.listen_to)

    @property
    def engines(self) -> dict[str, Engine]:
        """The engines by name: `"default"`, and the keys of SQLALCHEMY_BINDS; created at their first use.

        Raises:
            PluginError: The configuration is invalid; the message names the key and the value.
        """
        return self._engines.get()

    @property
    def engine(self) -> Engine:
        """The engine of SQLALCHEMY_DATABASE_URI.

        Raises:
            PluginError: As `engines`.
        """
        return self.engines[DEFAULT]

    @property
    def session(self) -> Session:
        """The session of the current context, which is opened by its first use, and closed with the context.

        Raises:
            RuntimeError: No context of the application is active.
            PluginError: As `engines`.
        """
        return scope_of(self).open()

    @property
    def sessionmaker(self) -> sessionmaker[ContextSession]:
        """What makes sessions, also such as belong to no context; listen to it for events of all sessions.

        Raises:
            PluginError: As `engines`.
        """
        self._prepare()
        return self._sessionmaker  # type: ignore[return-value]  # it is prepared

    @property
    def transactions(self) -> Transactions:
        """What calls the hooks of transactions, and the functions of `on_commit`."""
        self._prepare()
        return self._transactions  # type: ignore[return-value]  # it is prepared

    def _prepare(self) -> None:
        if self._transactions is not None:
            return
        engines = self.engines
        with self._engines.lock:
            if self._transactions is None:
                self._sessionmaker = new_sessionmaker(engines, self.app.config)
                self._transactions = Transactions(self.app, self._sessionmaker)

    def on_commit(self, function: Callable[[], object], *, session: Session | None = None) -> None:
        """Call a function once if the current transaction is committed, and never otherwise.

        It is called after the commit, in the same thread, and may use the session again: what it changes is
        a transaction of its own, which it commits. In a savepoint it waits for all that is around it; it is
        dropped with the savepoint if that is rolled back. What it raises is logged, and the other functions
        run; where exceptions propagate, it is raised, in an `ExceptionGroup`.

        Args:
            function: Takes no argument. It may be `async def`.
            session: The session; by default that of the current context.

        Raises:
            RuntimeError: No context of the application is active, and no session is passed.
            TypeError: `function` cannot be called.

        Example:
            ```python
            from cocopot import Cocopot
            from cocopot_sqlalchemy import SQLAlchemy, db

            app = Cocopot(__name__, autoload=False, plugins=[SQLAlchemy])
            app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
            sent = []
            with app.app_context():
                db().on_commit(lambda: sent.append("mail"))
                db().session.commit()
            assert sent == ["mail"]
            ```
        """
        self.transactions.on_commit(self.session if session is None else session, function)

    def run_in_transaction(
        self, function: Callable[[Session], T], *, attempts: int = 5, **execution_options: Any
    ) -> T:
        """Run a function in a transaction of its own and commit it, again after a deadlock.

        The function runs again from its beginning, with a new session, after a deadlock, a serialization
        failure, or with SQLite a database that is locked; after any other exception, and after the last
        attempt, the transaction is rolled back and the exception raised. While it runs, `db().session` is
        its session. So it must have no other effects than those of the transaction: use `on_commit` for them.

        Args:
            function: Takes the session, and returns what this method returns. Objects are detached then.
            attempts: How often it is run at most, with a growing random wait of up to one second between.
            execution_options: Of the connection, such as `isolation_level="SERIALIZABLE"`, or with SQLite
                `sqlite_begin="IMMEDIATE"`.

        Raises:
            Exception: What the function or the commit has raised.
            RuntimeError: The database is SQLite in memory, and the session of the context uses its only
                connection.
        """
        scope = scope_of(self) if has_app_context() else None
        session = None if scope is None else scope.session
        if session is not None and session.in_transaction() and isinstance(self.engine.pool, StaticPool):
            raise RuntimeError(
                "run_in_transaction: the transaction of db().session uses the only connection of a database "
                "in memory. Commit it or roll it back before, or use a file."
            )
        return run_in_transaction(scope, self.sessionmaker, function, attempts, execution_options)

    def commits_response(self, request: Request) -> bool:
        """Return whether the transaction of a request is committed before its response is sent."""
        return commits_response(self.app.config, request)

    def check_context(self) -> None:
        """Raise if the current context is not one of the application.

        Raises:
            RuntimeError: It is of another application.
        """
        if current_app.extensions.get(NAME) is not self:
            raise RuntimeError(
                f"The current context is one of {current_app.name!r}, and the database of {self.app.name!r}. "
                "Use it inside `with app.app_context():` of its own application."
            )

    def close(self) -> None:
        """Close the pools of all engines; the next use creates new ones."""
        with self._engines.lock:
            self._sessionmaker = self._transactions = None
        self._engines.close()


def db(app: Cocopot | None = None) -> Database:
    """Return the databases of an application.

    Args:
        app: The application; by default the current one.

    Raises:
        RuntimeError: There is no current application, or it does not use the plugin.
    """
    application = current_app if app is None else app
    found = application.extensions.get(NAME)
    if not isinstance(found, Database):
        raise RuntimeError(  # noqa: TRY004 - the plugin is missing
            f"The application {application.name!r} does not use the plugin {NAME!r}: install "
            "cocopot-sqlalchemy, or pass plugins=[SQLAlchemy] to Cocopot()."
        )
    return found
