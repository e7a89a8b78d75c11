"""What a rejection states, to users and to developers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_csrf.verification import Reason

if TYPE_CHECKING:
    from cocopot import Request

_FROM_ELSEWHERE = (
    "This request would change something here, but a page of another site has sent it, so it was not carried "
    "out. If you wanted the change, open this site itself, and make it there."
)
_FROM_UNKNOWN = (
    "This request would change something here, but does not state which page has sent it (there is neither a "
    "Sec-Fetch-Site nor an Origin header), so it was not carried out."
)
_CURE = (
    "If pages of that origin may send it, add the origin to CSRF_TRUSTED_ORIGINS, or write csrf=False at the "
    "route."
)


def for_users(reason: Reason) -> str:
    """Return what the page of a rejection states."""
    return _FROM_UNKNOWN if reason is Reason.NO_ORIGIN else _FROM_ELSEWHERE


def for_developers(request: Request, reason: Reason) -> str:
    """Return what is wrong with a request, and what a developer can do."""
    environ = request.environ
    if reason is Reason.NO_ORIGIN:
        return (
            "Neither Sec-Fetch-Site nor Origin is there, and CSRF_STRICT is on. For a program that is not a "
            "browser, write csrf=False at the route, or let it send an Origin."
        )
    sent = f"Origin is {environ.get('HTTP_ORIGIN')!r}"
    if reason is Reason.OTHER_ORIGIN:
        return (
            f"{sent}, and the request is for {request.scheme}://{request.host}. A proxy must pass the Host "
            f"that the browser has sent. {_CURE}"
        )
    return f"Sec-Fetch-Site is {environ['HTTP_SEC_FETCH_SITE']!r}, {sent}. {_CURE}"
