"""The session of a request: opened at its first use, saved once, after the after-request hooks."""

from __future__ import annotations

import sys
import threading
import warnings
from typing import TYPE_CHECKING

from cocopot.context import current_request_context
from cocopot.fork_safety import fork_safe
from cocopot.hooks.missing import why_not_loaded
from cocopot.hooks.results import type_name
from cocopot.hooks.wrappers import is_wrapper
from cocopot.sessions import (
    NullSession,
    Session,
    SessionInterface,
    check_interface,
    check_session,
    describe_interface,
)
from cocopot.wsgi import close_unsent

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers
    from werkzeug.wrappers import Response

    from cocopot.context import Context
    from cocopot.pipeline.overrides import RequestOverrides

_SENT = (
    "the head of the response has been sent, so that the change would be lost. Change the session before the "
    "response is returned, also for a streamed body; in a test, in client.session_transaction()."
)
_SAVED = (
    "it has been saved, so that the change would be lost. Change it in the view or an after-request function."
)
_UNSAVED = (
    "A session has been changed and not saved: an override of process_response has to call "
    "super().process_response(response)."
)
_BLOCKED = (
    "Another thread is opening the session, and the event loop cannot wait for it any longer: what opens it "
    "may need the event loop. Read the session before that thread is started."
)
_OPENING_TIMEOUT = 5.0  # seconds that an event loop waits for a thread that opens the session
# Held while the lock of a request's session is created.
_creation = fork_safe(threading.Lock())


class RequestSession:
    """The session of one request that uses it.

    Threads to which `copy_current_request_context` has passed the request share it; the lock is for them.
    """

    __slots__ = ("flashes", "holds_context", "is_null", "is_opening", "is_saved", "lock", "session")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        #: The session; `None` until it has been opened.
        self.session: Session | None = None
        self.is_opening = self.is_saved = False
        #: Whether nothing stores it, and nothing in it depends on the request.
        self.is_null = False
        #: Whether `Context.finish` has to be called, which is then not skipped for a request without it.
        self.holds_context = False
        #: The messages of `get_flashed_messages` in this request.
        self.flashes: list[tuple[str, str]] | None = None

    def close(self, reason: str) -> None:
        """Refuse changes from now on; a session of another class than Cocopot's is replaced by a copy."""
        session = self.session
        if session is None or self.is_null:
            return
        if Session not in type(session).__mro__:
            self.session = session = Session(session, new=session.new)
        if session.refusal in ("", _SAVED):  # else it has its own
            session.refuse_changes(reason)

    def finish(self, context: Context, error: BaseException | None) -> None:
        """Release the context when the response has been sent, and log a change that has not been saved.

        Args:
            context: The request's context.
            error: The exception that has ended the request, or `None`.
        """
        session = self.session
        is_unsaved = not (self.is_saved or self.is_null)
        if session is not None and is_unsaved and error is None and session.modified:
            context.app.logger.error(_UNSAVED)
        self.close(_SENT)
        if self.holds_context:
            self.holds_context = False
            context.holds -= 1


def open_session(context: Context) -> Session:
    """Return the session of a request, after opening it if this is its first use.

    Args:
        context: The context that the request belongs to.

    Raises:
        RuntimeError: If what opens the session reads it, or if an event loop waits too long for another
            thread that opens it.
    """
    with _creation:
        state = context.opened_session
        if state is None:
            state = context.opened_session = RequestSession()
    if not state.lock.acquire(blocking=False):
        _wait_for(state.lock)
    try:
        if state.session is None:
            state.session = _open(context, state)
        if context.response_is_sent or not context.holds:
            state.close(_SENT)
        return state.session
    finally:
        state.lock.release()


def _wait_for(lock: threading.RLock) -> None:
    """Acquire the lock of a session that another thread opens; an event loop does not wait for ever."""
    if not lock.acquire(timeout=_OPENING_TIMEOUT if _runs_event_loop() else -1):
        raise RuntimeError(_BLOCKED)


def _runs_event_loop() -> bool:
    """Return whether this thread runs an event loop, without importing asyncio."""
    if (asyncio := sys.modules.get("asyncio")) is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _open(context: Context, state: RequestSession) -> Session:
    if state.is_opening:
        raise RuntimeError(
            "The session is read while it is being opened: an implementation of cocopot_open_session, or "
            "what it calls, such as a log filter, must not use cocopot.session."
        )
    if context.after_functions is None:
        context.after_functions = []  # the response is finished by `finalize_request`
    is_served = context.pipeline is not None and context.holds > 0 and not context.response_is_sent
    if is_served and not state.holds_context and current_request_context() is context:
        state.holds_context = True
        context.hold()
    state.is_opening = True
    try:
        return _call(context, state)
    except Exception as exc:
        # The error handlers, and what else still runs, have an empty session.
        state.session = NullSession(f"opening it has failed in this request, with a {type(exc).__name__}.")
        raise
    finally:
        state.is_opening = False


def _call(context: Context, state: RequestSession) -> Session:
    app = context.app
    session = app.open_session(context.existing_request)
    if session is None:
        session = check_session(app.make_null_session(), f"make_null_session of {app!r}")
        state.is_null = True
    bases = type(session).__mro__  # `isinstance` takes longer for a class that others may be registered with
    if Session not in bases:
        check_session(session, f"open_session of {app!r}")
    state.is_null = state.is_null or NullSession in bases
    if getattr(session, "refusal", "") in (_SENT, _SAVED):  # one object for several requests
        session.refuse_changes("")
    try:  # noqa: SIM105 - `suppress` takes longer
        session.accessed = True
    except AttributeError:  # a property of a class that is not Cocopot's
        pass
    return session


def save_session(context: Context, response: Response) -> None:
    """Save the session of a request that has used it, once, and restrict the caching of the response.

    Args:
        context: The request's context.
        response: The response, after the after-request hooks.
    """
    state = context.opened_session
    session = None if state is None else state.session
    if state is None or session is None or state.is_null:
        return
    is_changed = session.modified
    if not state.is_saved and NullSession not in type(session).__mro__:
        state.is_saved = True
        cookies = _count(response.headers, "set-cookie")
        context.app.save_session(session, response)  # type: ignore[arg-type]  # as for after-request hooks
        is_changed = is_changed or _count(response.headers, "set-cookie") != cookies
        state.close(_SAVED)
    restrict_caching(response, is_changed=is_changed)


def save_or_close(context: Context, response: Response) -> None:
    """Save the session of a request, or close the response, which is not sent then.

    Args:
        context: The request's context.
        response: The response.
    """
    try:
        save_session(context, response)
    except Exception as exc:
        close_unsent(response, exc)
        raise


def save_with_hook(context: Context, session: Session, response: Response) -> None:
    """Call the implementations of `cocopot_save_session`.

    Args:
        context: The request's context.
        session: The session.
        response: The response.

    Raises:
        RuntimeError: If the session has been changed, and none of them has saved it.
    """
    app = context.app
    hook = context.get_pipeline().save_session_hook
    is_saved = hook is not None and hook(app, context.request, session, response)
    if not is_saved and session.modified:
        raise RuntimeError(
            f"No implementation of cocopot_save_session has saved the session, a {type_name(type(session))}. "
            "The plugin that opens a session must implement this hook, too, and return True for it. "
            f"Sessions are opened by: {', '.join(_openers(app)) or 'an override of open_session'}."
        )


def make_null_session(app: RequestOverrides) -> Session:
    """Return an empty session, which names who has not opened one.

    Args:
        app: The application.
    """
    interface = app.session_interface
    openers = _openers(app)
    if type(interface) is SessionInterface:
        if not openers:
            why = why_not_loaded(app.plugins, "session")
            return NullSession(f"no plugin opens sessions. {why} Or assign app.session_interface.")
        names = ", ".join(map(repr, openers))
        return NullSession(
            f"none of the plugins that open sessions has opened one for this request: {names}."
        )
    make = getattr(interface, "make_null_session", None)
    if make is None:
        return NullSession()
    return check_session(make(app), f"make_null_session of {describe_interface(interface)}")


def check_assigned(app: RequestOverrides, interface: object) -> None:
    """Reject a session interface that is assigned too late or cannot be one; warn if plugins have precedence.

    Args:
        app: The application.
        interface: What is assigned to `app.session_interface`.

    Raises:
        RuntimeError: After the first request.
        TypeError: If it has not the methods of one.
    """
    check_interface(interface)
    if app.started:
        raise RuntimeError(
            "app.session_interface was assigned after the first request, or client.session_transaction(). "
            "Assign it before: where the application is created."
        )
    if hasattr(app, "plugins") and (openers := _openers(app)):
        warnings.warn(
            f"app.session_interface is used only for requests for which {', '.join(openers)} opens no "
            "session. Pass disable= with the name of a plugin that should not open sessions.",
            stacklevel=4,
        )


def _openers(app: RequestOverrides) -> list[str]:
    """Return the names of the plugins that open sessions, in their order."""
    impls = app.plugins.call_order("cocopot_open_session")
    return [i.plugin_name for i in impls if not (is_wrapper(i) or i.plugin_name == "builtin.sessions")]


def restrict_caching(response: Response, *, is_changed: bool) -> None:
    """Keep caches from giving the response to one client to another one (RFC 9111, 4.1 and 5.2.2).

    `Vary: Cookie` is added. `Cache-Control: private` is added unless the response forbids shared caches to
    store it, or, after a session was only read, allows it by `public` or `s-maxage`. If the session has been
    changed, or its cookie set, these two are removed.

    Args:
        response: The response.
        is_changed: Whether the session has been changed, or its cookie set.
    """
    _vary_on_cookie(response.headers)
    if not _count(response.headers, "cache-control"):  # to read it as an object takes ten times as long
        response.headers.add("Cache-Control", "private")
        return
    lines = response.headers.getlist("Cache-Control")
    if len(lines) > 1:  # of which the object has the first one
        response.headers["Cache-Control"] = ", ".join(lines)
    control = response.cache_control
    if is_changed:
        control.public = False
        control.s_maxage = None
        if not control.no_store:
            control.private = True
    elif not {"public", "s-maxage", "no-store", "private"} & control.keys():
        control.private = True


def _count(headers: Headers, name: str) -> int:
    """Return how many headers have a name, in lower case; quicker than to read their values."""
    return [key.lower() for key, _ in headers].count(name)


def _vary_on_cookie(headers: Headers) -> None:
    if not _count(headers, "vary"):
        headers.add("Vary", "Cookie")
        return
    vary = ", ".join(headers.getlist("Vary"))
    names = {name.strip().lower() for name in vary.split(",")}
    if not names & {"cookie", "*"}:
        headers["Vary"] = f"{vary}, Cookie" if vary else "Cookie"
