"""The cookie of a session: its name, and how it is set and deleted."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from cocopot import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cocopot import Cocopot, Request
    from cocopot_session.options import Options
    from cocopot_session.session import Session

_NAME: Final = "session"
#: With this prefix browsers accept a cookie only from its host itself, by HTTPS (RFC 6265bis, 4.1.3.2).
_PREFIX: Final = "__Host-"
#: So many cookies with one name are examined: a page of another host of the domain can set more of them.
_MOST: Final = 5


class SessionCookie:
    """The cookie of the sessions of an application.

    Args:
        app: The application.
        options: Its configuration.
    """

    def __init__(self, app: Cocopot, options: Options) -> None:
        self._app = app
        self._options = options
        has_prefix = options.name is None and options.path == "/" and options.domain is None
        #: The name that Flask has for it.
        self.plain_name = options.name or _NAME
        #: The name by HTTPS.
        self.secure_name = _PREFIX + _NAME if has_prefix else self.plain_name
        self._attributes: dict[str, str] = {}
        self._has_warned = options.is_secure is not None

    def is_secure(self, request: Request) -> bool:
        """Return whether the cookie of a request is sent by HTTPS only.

        Unless it is configured, it is, except in debug mode on this machine.
        """
        configured = self._options.is_secure
        if configured is not None:
            return configured
        return not self._app.debug or request.is_secure or not _is_loopback(request)

    def name(self, request: Request) -> str:
        """Return the name of the cookie of a request."""
        return self.secure_name if self.is_secure(request) else self.plain_name

    def values(self, request: Request) -> Sequence[str]:
        """Return the values of the cookies with that name that a client has sent."""
        return request.cookies.getlist(self.name(request))[:_MOST]

    def plain_values(self, request: Request) -> Sequence[str]:
        """Return the values of the cookies with the name that Flask has for it."""
        return request.cookies.getlist(self.plain_name)[:_MOST]

    def header(self, request: Request, value: str, session: Session, ends: float) -> str:
        """Return the `Set-Cookie` of a session.

        Args:
            request: The request.
            value: The value, which consists of characters that need no quotes.
            session: The session; the cookie of a permanent one outlives the browser.
            ends: How long the session lives, in seconds.
        """
        is_secure = self.is_secure(request)
        if is_secure and not self._has_warned:
            self._warn_about_plain_http(request)
        name = self.secure_name if is_secure else self.plain_name
        if session.permanent:
            attributes = self._make_attributes(name, is_secure=is_secure, max_age=int(ends))
        else:
            attributes = self._attributes.get(name, "") or self._make_attributes(name, is_secure=is_secure)
        return f"{name}={value}{attributes}"

    def _make_attributes(self, name: str, *, is_secure: bool, max_age: int | None = None) -> str:
        """Return the attributes of the cookie; those without an age are the same for every session."""
        options, response = self._options, Response()
        response.set_cookie(
            name,
            max_age=max_age,
            path=options.path,
            domain=options.domain,
            secure=is_secure,
            httponly=options.is_httponly,
            samesite=options.samesite,
            partitioned=options.is_partitioned,
        )
        attributes = response.headers["Set-Cookie"].removeprefix(f"{name}=")
        if max_age is None:
            self._attributes[name] = attributes
        return attributes

    def delete(self, request: Request, response: Response) -> None:
        """Delete the cookie.

        Args:
            request: The request.
            response: The response.
        """
        self._delete(request, response, self.name(request))

    def forget_plain(self, request: Request, response: Response) -> None:
        """Delete the cookie with the name that Flask has for it, if it is another one."""
        if self.name(request) != self.plain_name:
            self._delete(request, response, self.plain_name)

    def _delete(self, request: Request, response: Response, name: str) -> None:
        options = self._options
        response.delete_cookie(
            name,
            path=options.path,
            domain=options.domain,
            secure=self.is_secure(request),
            httponly=options.is_httponly,
            samesite=options.samesite,
            partitioned=options.is_partitioned,
        )

    def _warn_about_plain_http(self, request: Request) -> None:
        """Warn once if a browser will not return the cookie, because the request is by plain HTTP."""
        environ = request.environ
        if request.is_secure or _is_loopback(request):
            return
        self._has_warned = True
        if "HTTP_X_FORWARDED_PROTO" in environ or "HTTP_FORWARDED" in environ:
            return  # a proxy, which is reached by HTTPS
        self._app.logger.warning(
            "session: the cookie is secure, and %r is requested by plain HTTP, by which browsers do not "
            "return it. Serve the application by HTTPS, or set SESSION_COOKIE_SECURE = False.",
            request.host,
        )


def _is_loopback(request: Request) -> bool:
    """Return whether a request is for this machine."""
    host = request.host
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    name = name.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
