"""The hooks that other plugins can implement; those of migrations are in `hooks_migrations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookspec

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from cocopot import Cocopot


class SQLAlchemyHooks:
    """The hooks of cocopot-sqlalchemy."""

    @hookspec(order="in", since="1.0")
    def sqlalchemy_engine(self, app: Cocopot, name: str, engine: Engine) -> None:
        """Prepare an engine: listen to its events, for metrics or for settings of each connection.

        Fires once for each engine and process, when the engines are created: at the start of the
        application, or when they are first used before.

        Args:
            app: The application.
            name: The name of the engine: `"default"`, or a key of SQLALCHEMY_BINDS.
            engine: The engine, which has not connected yet.

        A return value is ignored. All implementations run. An exception reaches what first uses the engines,
        with the name of the plugin; the next use tries again.
        """

    @hookspec(order="in", since="1.0")
    def sqlalchemy_before_commit(self, app: Cocopot, session: Session) -> None:
        """Add to a transaction that is about to be committed, or refuse it.

        Fires before each commit of a session that `db(app)` has made, before its last changes are sent: what
        is in `session.new`, `session.dirty` and `session.deleted` is not complete if it has been flushed. Not
        for a savepoint, nor for a commit that an implementation of these hooks makes.

        Args:
            app: The application.
            session: The session, to which objects may be added.

        A return value is ignored. All implementations run. An exception goes to what commits; it should roll
        back, as the end of the context does.
        """

    @hookspec(order="in", every=True, since="1.0")
    def sqlalchemy_after_commit(self, app: Cocopot, session: Session) -> None:
        """Act after a commit: enqueue work, invalidate a cache, call a webhook.

        Fires after each commit of a session that `db(app)` has made, and after the functions of `on_commit`.
        Not for a savepoint, nor for a commit that an implementation of these hooks makes.

        Args:
            app: The application.
            session: The session. It may be used: what an implementation changes is a transaction of its own,
                which it commits, and which is rolled back otherwise.

        A return value is ignored. Every implementation runs, also after an exception; errors are logged and,
        where exceptions propagate, raised together as an `ExceptionGroup`. The transaction is committed.
        """

    @hookspec(order="in", every=True, since="1.0")
    def sqlalchemy_after_rollback(self, app: Cocopot, session: Session) -> None:
        """Act after a transaction that was not committed.

        Fires after each transaction with a connection that ends without a commit: rolled back, or ended by
        closing the session, as at the end of a request that only reads. Not for a savepoint.

        Args:
            app: The application.
            session: The session, as in `sqlalchemy_after_commit`.

        A return value is ignored. Every implementation runs, also after an exception; errors are treated as
        those of `sqlalchemy_after_commit`.
        """
