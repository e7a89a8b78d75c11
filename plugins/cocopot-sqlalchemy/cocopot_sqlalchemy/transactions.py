"""Transactions: what other plugins and functions learn of their commit or rollback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

    from cocopot import Cocopot

_STATE: Final = "cocopot_sqlalchemy.transactions"


class _State:
    """What is known of the transactions of one session."""

    __slots__ = ("begun", "committed", "flushed", "functions", "in_hooks")

    def __init__(self) -> None:
        #: Functions by the transaction or savepoint that they wait for; `None` is the next transaction.
        self.functions: dict[SessionTransaction | None, list[Callable[[], object]]] = {}
        #: The transactions and savepoints that have been committed and not ended.
        self.committed: set[SessionTransaction] = set()
        #: Whether the transaction has a connection.
        self.begun = False
        #: Whether changes of objects have been sent in it.
        self.flushed = False
        #: Whether the implementations of a hook run, whose own commits call no hook.
        self.in_hooks = False


class Transactions:
    """Calls the hooks of transactions, and the functions of `on_commit`.

    Args:
        app: The application.
        factory: What makes its sessions.
    """

    def __init__(self, app: Cocopot, factory: sessionmaker[Any]) -> None:
        self._app = app
        event.listen(factory, "before_commit", self._before_commit)
        event.listen(factory, "after_commit", self._after_commit)
        event.listen(factory, "after_begin", self._after_begin)
        event.listen(factory, "after_flush", self._after_flush)
        event.listen(factory, "after_transaction_end", self._after_end)

    def on_commit(self, session: Session, function: Callable[[], object]) -> None:
        """Call a function once if the current transaction, or savepoint and all around it, is committed.

        Args:
            session: The session.
            function: Takes no argument.
        """
        if not callable(function):
            raise TypeError(f"on_commit: {function!r} cannot be called. Pass a function without arguments.")
        waiting = session.get_nested_transaction() or session.get_transaction()
        functions = _state(session).functions
        functions.setdefault(waiting, []).append(self._app.ensure_sync(function))

    def is_needed(self, session: Session) -> bool:
        """Return whether a commit would do anything: there is a transaction, or a function that waits."""
        return session.in_transaction() or bool(_state(session).functions)

    def has_flushed(self, session: Session) -> bool:
        """Return whether the transaction of a session has sent changes of objects."""
        return _state(session).flushed

    # -- events -------------------------------------------------------

    def _after_begin(self, session: Session, _transaction: object, _connection: object) -> None:
        _state(session).begun = True

    def _after_flush(self, session: Session, _context: object) -> None:
        _state(session).flushed = True

    def _before_commit(self, session: Session) -> None:
        state = _state(session)
        if not session.in_nested_transaction() and not state.in_hooks:
            hook = self._app.plugins.compiled_hook("sqlalchemy_before_commit")
            if hook is not None:
                with _in_hooks(state):
                    hook(self._app, session)

    def _after_commit(self, session: Session) -> None:
        committed = session.get_nested_transaction() or session.get_transaction()
        if committed is not None:
            _state(session).committed.add(committed)

    def _after_end(self, session: Session, transaction: SessionTransaction) -> None:
        state = _state(session)
        is_committed = transaction in state.committed
        state.committed.discard(transaction)
        if transaction.nested:
            waiting = state.functions.pop(transaction, ())
            if is_committed and waiting:
                outer = session.get_nested_transaction() or session.get_transaction()
                state.functions.setdefault(outer, []).extend(waiting)
        elif transaction.parent is None:
            functions = [*state.functions.pop(None, ()), *state.functions.pop(transaction, ())]
            has_begun, state.begun, state.flushed = state.begun, False, False
            if is_committed:
                self._committed(session, state, functions)
            elif has_begun and not state.in_hooks:
                self._call("sqlalchemy_after_rollback", session, state)

    def _committed(self, session: Session, state: _State, functions: list[Callable[[], object]]) -> None:
        errors: list[Exception] = []
        with _usable(session):
            for function in functions:
                try:
                    function()
                except Exception as error:
                    name = getattr(function, "__qualname__", repr(function))
                    self._app.logger.exception("sqlalchemy: the function %s of on_commit failed", name)
                    errors.append(error)
            try:
                if not state.in_hooks:
                    self._call("sqlalchemy_after_commit", session, state)
            except Exception as error:  # noqa: BLE001 - raised below
                errors.append(error)
        if errors and self._app.propagate_exceptions:
            raise ExceptionGroup("After the commit of a transaction, functions failed", errors)

    def _call(self, name: str, session: Session, state: _State) -> None:
        """Call a hook of the kind "every one runs"; an error is logged and, where they propagate, raised."""
        hook = self._app.plugins.compiled_hook(name)
        if hook is None:
            return
        with _in_hooks(state), _usable(session):
            try:
                hook(self._app, session)
            except Exception:
                self._app.logger.exception("sqlalchemy: implementations of %s failed", name)
                if self._app.propagate_exceptions:
                    raise


def _state(session: Session) -> _State:
    state: _State | None = session.info.get(_STATE)
    if state is None:
        state = session.info[_STATE] = _State()
    return state


@contextmanager
def _in_hooks(state: _State) -> Iterator[None]:
    before, state.in_hooks = state.in_hooks, True
    try:
        yield
    finally:
        state.in_hooks = before


@contextmanager
def _usable(session: Session) -> Iterator[None]:
    """Let functions use a session whose transaction has ended, also inside its `with session.begin()`.

    What they begin and do not commit is rolled back: the code after the commit finds no transaction.
    """
    manager = session._trans_context_manager  # noqa: SLF001 - it refuses each use until the block ends
    session._trans_context_manager = None  # noqa: SLF001
    try:
        yield
    finally:
        state = _state(session)
        if session.in_transaction():
            with _in_hooks(state):
                session.rollback()
        session._trans_context_manager = manager  # noqa: SLF001
