"""What storages of sessions have in common: lifetimes, keys, and cookies of Flask."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Final, Protocol

from cocopot_session.session import Session
from cocopot_session.signing import CookieSigner

if TYPE_CHECKING:
    from cocopot import Cocopot, Request, Response
    from cocopot.sessions import Session as BaseSession
    from cocopot_session.cookies import SessionCookie
    from cocopot_session.options import Options

#: Why there is no session without a key, as the end of a sentence.
NO_KEY: Final = (
    "SECRET_KEY is not set. Set it to 32 random bytes or more, the same in every process; "
    "python -c 'import secrets; print(secrets.token_hex())' prints them."
)


class Storage(Protocol):
    """What opens and saves the sessions of an application."""

    def open(self, app: Cocopot, request: Request) -> BaseSession | None:
        """Return the session of a request; `None` to leave it to `app.session_interface`."""

    def save(self, app: Cocopot, request: Request, session: Session, response: Response) -> None:
        """Save a session that `open` has returned."""


class Keys:
    """What signs and verifies cookies with the keys that an application has at the moment.

    Args:
        app: The application.
    """

    def __init__(self, app: Cocopot) -> None:
        self._config = app.config
        self._signer: CookieSigner | None = None
        self._keys: tuple[object, object] = (None, None)

    def signer(self) -> CookieSigner | None:
        """Return what signs and verifies; `None` without a key."""
        config = self._config
        key, fallbacks = config["SECRET_KEY"], config["SECRET_KEY_FALLBACKS"]
        if key is not self._keys[0] or fallbacks != self._keys[1]:
            self._signer = CookieSigner(key, fallbacks) if key else None
            self._keys = key, copy.copy(fallbacks)  # a list may be changed in place
        return self._signer


def open_flask(
    request: Request, signer: CookieSigner | None, options: Options, cookie: SessionCookie, *, merges: bool
) -> Session | None:
    """Return the session of a cookie of Flask, if the client has one; it is saved as one of this plugin.

    Args:
        request: The request.
        signer: What verifies the cookie.
        options: The configuration.
        cookie: The cookie.
        merges: As for `Session`.
    """
    if signer is None or not options.reads_flask:
        return None
    for text in cookie.plain_values(request):
        opened = signer.loads_flask(text, options.lifetime)
        if opened is not None and not is_too_old(opened.created, options):
            session = Session(opened.values, created=opened.created, merges=merges)
            session.modified = session.is_of_flask = True
            return session
    return None


def is_too_old(created: float, options: Options) -> bool:
    """Return whether a session has reached its absolute lifetime.

    Args:
        created: When it was created, in seconds since the epoch.
        options: The configuration.
    """
    absolute = options.absolute_lifetime
    return absolute is not None and time.time() >= created + absolute


def remaining(created: float, options: Options) -> float:
    """Return how long a session that is saved now lives, in seconds.

    Args:
        created: When it was created, in seconds since the epoch.
        options: The configuration.
    """
    absolute = options.absolute_lifetime
    if absolute is None:
        return options.lifetime
    return min(options.lifetime, max(0, created + absolute - time.time()))
