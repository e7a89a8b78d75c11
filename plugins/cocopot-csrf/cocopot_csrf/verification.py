"""What the headers of a request state about the page that has sent it.

- `Sec-Fetch-Site` (Fetch Metadata Request Headers, section 2.3) is sent by browsers since 2023, for URLs that
  are `https` or of this machine. Pages cannot set it.
- `Origin` (RFC 6454, section 7; Fetch, section 3.2) is sent with every method but GET and HEAD, by all
  browsers in use.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from cocopot import Request
    from cocopot.types import WSGIEnvironment

#: The methods that change nothing (RFC 9110, section 9.2.1). All others are checked, unknown ones too.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Reason(StrEnum):
    """Why a request is rejected."""

    #: A page of another site has sent it.
    CROSS_SITE = "cross-site"
    #: A page of another host of this site has sent it.
    SAME_SITE = "same-site"
    #: The origin of the page is not that of the request; the browser does not send `Sec-Fetch-Site`.
    OTHER_ORIGIN = "other-origin"
    #: There is neither header, and CSRF_STRICT is on.
    NO_ORIGIN = "no-origin"


class Origin(NamedTuple):
    """The origin of a page (RFC 6454, section 4)."""

    scheme: str
    host: str
    port: int | None


def parse_origin(text: str) -> Origin | None:
    """Return an origin, or `None` if a text is not one; the opaque origin, `null`, is not one either.

    Args:
        text: What an `Origin` header contains, such as `"https://shop.example:8443"`.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or f"{parts.scheme}://{parts.netloc}".lower() != text.lower():
        return None  # with a path, or with characters that urlsplit drops
    if "@" in text or text.endswith(":"):
        return None
    return Origin(parts.scheme, parts.hostname, _DEFAULT_PORTS.get(parts.scheme) if port is None else port)


def reason_to_reject(request: Request, *, is_strict: bool) -> Reason | None:
    """Return why a request is not known to come from a page of its own origin, or `None` if it is.

    Args:
        request: The request, whose method is not a safe one.
        is_strict: Whether a request without both headers, which no browser sends, is rejected.
    """
    environ = request.environ
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        if site in {"same-origin", "none"}:  # "none": the user has sent it, by a bookmark for example
            return None
        return Reason.SAME_SITE if site == "same-site" else Reason.CROSS_SITE
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return Reason.NO_ORIGIN if is_strict else None
    return None if _is_own(request, parse_origin(origin)) else Reason.OTHER_ORIGIN


def _is_own(request: Request, origin: Origin | None) -> bool:
    """Return whether an origin is that of a request.

    If the request is `http` here, it may be `https` up to a proxy: the scheme of the origin decides then.
    """
    if origin is None or origin.scheme not in _DEFAULT_PORTS:
        return False
    if request.scheme == "https" and origin.scheme == "http":
        return False
    return parse_origin(f"{origin.scheme}://{request.host}") == origin


def has_bearer_only(environ: WSGIEnvironment) -> bool:
    """Return whether a token in `Authorization` is all that identifies the user (RFC 6750, section 2.1).

    A browser does not add it by itself, and a page of another origin cannot without a CORS preflight.

    Args:
        environ: The WSGI environment.
    """
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    return authorization[:7].lower() == "bearer " and not environ.get("HTTP_COOKIE")
