"""How the cookie of a session is set: the configuration keys that Flask has, and a method for each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.sessions import Session

#: Flask's value of `PERMANENT_SESSION_LIFETIME`.
_LIFETIME = timedelta(days=31)


class SessionCookies:
    """What a session interface reads from the configuration for its cookie; a subclass may override each.

    A key that is not in the configuration has the value that Flask has for it.
    """

    def get_cookie_name(self, app: Cocopot) -> str:
        """Return the name of the cookie: `SESSION_COOKIE_NAME`, or "session"."""
        name: str = app.config.get("SESSION_COOKIE_NAME") or "session"
        return name

    def get_cookie_domain(self, app: Cocopot) -> str | None:
        """Return the Domain of the cookie: `SESSION_COOKIE_DOMAIN`; `None` for the host that sets it."""
        domain: str | None = app.config.get("SESSION_COOKIE_DOMAIN")
        return domain

    def get_cookie_path(self, app: Cocopot) -> str:
        """Return the Path of the cookie: `SESSION_COOKIE_PATH`, or `APPLICATION_ROOT`."""
        path: str = app.config.get("SESSION_COOKIE_PATH") or app.config["APPLICATION_ROOT"]
        return path

    def get_cookie_httponly(self, app: Cocopot) -> bool:
        """Return whether scripts cannot read the cookie: `SESSION_COOKIE_HTTPONLY`, or `True`."""
        return bool(app.config.get("SESSION_COOKIE_HTTPONLY", True))

    def get_cookie_secure(self, app: Cocopot) -> bool:
        """Return whether the cookie is only sent with HTTPS: `SESSION_COOKIE_SECURE`, or `False`."""
        return bool(app.config.get("SESSION_COOKIE_SECURE", False))

    def get_cookie_samesite(self, app: Cocopot) -> str | None:
        """Return the SameSite of the cookie: `SESSION_COOKIE_SAMESITE`; `None` for no such attribute."""
        samesite: str | None = app.config.get("SESSION_COOKIE_SAMESITE")
        return samesite

    def get_cookie_partitioned(self, app: Cocopot) -> bool:
        """Return whether the cookie is Partitioned: `SESSION_COOKIE_PARTITIONED`, or `False`."""
        return bool(app.config.get("SESSION_COOKIE_PARTITIONED", False))

    def get_expiration_time(self, app: Cocopot, session: Session) -> datetime | None:
        """Return when a session ends; `None` with the browser.

        Args:
            app: The application. `PERMANENT_SESSION_LIFETIME` is a timedelta or seconds, by default 31 days.
            session: The session; only a permanent one has such a time.
        """
        if not session.permanent:
            return None
        lifetime: timedelta | int = app.config.get("PERMANENT_SESSION_LIFETIME", _LIFETIME)
        return datetime.now(UTC) + (
            lifetime if isinstance(lifetime, timedelta) else timedelta(seconds=lifetime)
        )

    def should_set_cookie(self, app: Cocopot, session: Session) -> bool:
        """Return whether the cookie has to be set.

        It has to if the session has been changed, and for a permanent session with each response, unless
        `SESSION_REFRESH_EACH_REQUEST` is false.

        Args:
            app: The application.
            session: The session.
        """
        is_renewed = bool(app.config.get("SESSION_REFRESH_EACH_REQUEST", True))
        return session.modified or (session.permanent and is_renewed)
