"""Sessions: one for each context, opened at its first use and closed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, inspect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql import visitors

from cocopot import after_this_request, g, has_request_context, request, teardown_this_context
from cocopot_sqlalchemy.engines import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine

    from cocopot import Config, Response
    from cocopot_sqlalchemy.database import Database

_OPTIONS: Final = "SQLALCHEMY_SESSION_OPTIONS"
#: The attribute of `g` with the scope of a context.
_SCOPE: Final = "cocopot_sqlalchemy"
#: In the environment of a request that has used the database.
USED: Final = "cocopot_sqlalchemy.used"
#: In the environment of a request whose context ends later than its response.
_PRESERVED: Final = "werkzeug.debug.preserve_context"
#: The key of `info` of a metadata or a table with the name of its engine.
BIND_KEY: Final = "bind_key"


class ContextSession(Session):
    """SQLAlchemy's session; each table is in the database that the `info` of it or its metadata names.

    Args:
        engines: The engines by name.
        options: The arguments of `sqlalchemy.orm.Session`.
    """

    def __init__(self, *, engines: Mapping[str, Engine], **options: Any) -> None:
        super().__init__(**options)
        self._cocopot_engines = engines
        #: The method and path of the request that the session belonged to, after its end; empty without one.
        self.ended: tuple[str, ...] | None = None

    def get_bind(
        self, mapper: Any = None, *, clause: Any = None, bind: Engine | Connection | None = None, **kw: Any
    ) -> Engine | Connection:
        """Return the engine for a statement, as SQLAlchemy's session does.

        Raises:
            RuntimeError: The context of the session has ended.
            LookupError: There is no engine of the name that the `info` of a table or its metadata has.
        """
        if self.ended is not None:
            raise RuntimeError(
                f"This database session has ended with {_described(self.ended)}. If the body of a response "
                "reads from the database while it is streamed, return stream_with_db(body); in another "
                "thread, use copy_current_request_context, and db().session there."
            )
        engines = self._cocopot_engines
        if bind is None and len(engines) > 1:
            name = _bind_key(mapper, clause)
            if name is not None and name not in engines:
                raise LookupError(
                    f"There is no database {name!r}, which the info of a table or of its metadata names: "
                    f"add it to SQLALCHEMY_BINDS. The databases are {', '.join(engines)}."
                )
            bind = None if name is None else engines[name]
        return super().get_bind(mapper, clause=clause, bind=bind, **kw)


def _bind_key(mapper: Any, clause: Any) -> str | None:
    """Return the name of the database of the first table of a mapper or a statement."""
    source = inspect(mapper).persist_selectable if mapper is not None else clause
    if source is None:
        return None
    for element in visitors.iterate(source):
        table = element if isinstance(element, Table) else getattr(element, "table", None)
        if isinstance(table, Table):
            name: str | None = table.info.get(BIND_KEY, table.metadata.info.get(BIND_KEY))
            return name
    return None


def new_sessionmaker(engines: Mapping[str, Engine], config: Config) -> sessionmaker[ContextSession]:
    """Return what makes the sessions of an application.

    Args:
        engines: The engines by name.
        config: The configuration, whose SQLALCHEMY_SESSION_OPTIONS are used.

    Raises:
        PluginError: The options are not those of a session.
    """
    options = {"bind": engines[DEFAULT], **config[_OPTIONS]}
    cls = options.pop("class_", ContextSession)
    if isinstance(cls, type) and not issubclass(cls, ContextSession):
        cls = type(cls.__name__, (ContextSession, cls), {})
    factory = sessionmaker(class_=cls, engines=engines, **options)
    try:
        factory().close()
    except (TypeError, ArgumentError) as error:
        raise config.invalid_value(_OPTIONS, f"A session cannot be created with it: {error}") from error
    return factory


class Scope:
    """The session of one context.

    Args:
        database: The databases of the application.
    """

    __slots__ = ("database", "is_kept_for_stream", "session")

    def __init__(self, database: Database) -> None:
        self.database = database
        #: The session, if it has been used.
        self.session: ContextSession | None = None
        #: Whether it stays open while the body of the response is streamed.
        self.is_kept_for_stream = False

    def open(self) -> ContextSession:
        """Return the session, which is created by the first call."""
        session = self.session
        if session is None:
            session = self.session = self.database.sessionmaker()
        return session

    def release(self) -> None:
        """Return the connections to their pools, and detach the objects; the session may be used again."""
        if self.session is not None and not self.is_kept_for_stream:
            self.session.close()

    def roll_back(self, _exc: Exception | None = None) -> None:
        """Roll back what has not been committed, which returns the connection, and detaches no object."""
        if self.session is not None and self.session.in_transaction():
            self.session.rollback()

    def close(self, exc: BaseException | None) -> None:
        """Close the session for good."""
        session, self.session = self.session, None
        if session is None:
            return
        if exc is None and self.database.app.debug:
            _warn_if_uncommitted(self.database, session)
        try:
            session.close()
        finally:
            session.ended = _current_request()


def scope_of(database: Database) -> Scope:
    """Return the scope of the current context, which is created by the first call in it.

    Args:
        database: The databases of the application whose context it must be.

    Raises:
        RuntimeError: No context of the application is active.
    """
    scope: Scope | None = getattr(g, _SCOPE, None)
    if scope is None:
        scope = Scope(database)
        database.check_context()
        setattr(g, _SCOPE, scope)
        teardown_this_context(scope.close, on_exception=scope.roll_back)
        if has_request_context():
            _follow_request()
    elif scope.database is not database:
        database.check_context()
    return scope


def used_scope() -> Scope | None:
    """Return the scope of the current context, or `None` if it has not used the database."""
    scope: Scope | None = getattr(g, _SCOPE, None)
    return scope


def _follow_request() -> None:
    environ = request.environ
    if USED in environ:
        return
    environ[USED] = True
    try:
        after_this_request(_release_before_stream)
    except RuntimeError:  # in an after-request hook or later: the end of the context closes the session
        return


def _release_before_stream(response: Response) -> None:
    """Return the connection before a body is streamed, unless the transaction is committed later."""
    scope = used_scope()
    if scope is None:
        return
    if response.is_streamed and not scope.database.commits_response(request):
        scope.release()
    if _PRESERVED in request.environ:  # a test client keeps the context after the response
        response.call_on_close(scope.roll_back)


def _warn_if_uncommitted(database: Database, session: ContextSession) -> None:
    """Log that changes are lost, in debug mode."""
    is_changed = session.new or session.dirty or session.deleted or database.transactions.has_flushed(session)
    if is_changed:
        database.app.logger.warning(
            "sqlalchemy: %s has changed objects and not committed them, so the changes are lost. Call "
            "session.commit(), or set SQLALCHEMY_COMMIT = 'response' or the route option commit=True.",
            _described(_current_request()),
        )


def _current_request() -> tuple[str, ...]:
    if not has_request_context():
        return ()
    environ = request.environ
    return environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")


def _described(ended: tuple[str, ...]) -> str:
    return f"the request {ended[0]} {ended[1]!r}" if ended else "its context"
