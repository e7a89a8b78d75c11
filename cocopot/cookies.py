"""Checks of a cookie that is set, beyond those of Werkzeug (RFC 6265, 4.1.1)."""

from __future__ import annotations

import re
import warnings
from datetime import timedelta
from time import time
from typing import TYPE_CHECKING, Any

from werkzeug.http import dump_cookie

from cocopot.conditions import ConditionalResponse, date_text
from cocopot.config_keys import DEFAULTS
from cocopot.context import CURRENT
from cocopot.datastructures import is_token
from cocopot.speedups import is_plain_value

if TYPE_CHECKING:
    from datetime import datetime

_DOMAIN = re.compile(r"[0-9A-Za-z._-]*")


def check_cookie(
    name: str, *, path: str | None, domain: str | None, secure: bool, samesite: str | None
) -> None:
    """Check that browsers accept a cookie with this name and these attributes.

    Args:
        name: The name.
        path: The cookie's path.
        domain: The cookie's domain.
        secure: Whether it is sent by HTTPS only.
        samesite: Its policy.

    Raises:
        ValueError: The name is not a token (RFC 6265, 4.1.1), or browsers would drop the cookie, as its name
            begins with `__Secure-` or `__Host-` and it lacks what that prefix demands (RFC 6265bis, 4.1.3).
    """
    if not is_token(name):
        raise ValueError(
            f"{name!r:.100} is not the name of a cookie. It consists of letters, digits and "
            "!#$%&'*+-.^_`|~ (RFC 6265, 4.1.1)."
        )
    if samesite is not None and str(samesite).title() not in {"Strict", "Lax", "None"}:
        raise ValueError(f"samesite is 'Strict', 'Lax', 'None' or omitted, not {samesite!r:.100}.")
    prefix = name[:9].lower()
    if prefix == "__secure-" and not secure:
        raise ValueError(f"Browsers drop the cookie {name!r}: with this prefix it needs secure=True.")
    if prefix.startswith("__host-") and not (secure and path == "/" and not domain):
        raise ValueError(
            f"Browsers drop the cookie {name!r}: with this prefix it needs secure=True, path='/' "
            "and no domain."
        )


def max_cookie_size(_response: object) -> int:
    """The largest cookie that is set without a warning, in bytes: MAX_COOKIE_SIZE; 0 for any."""
    context = CURRENT.get(None)
    size: int = DEFAULTS["MAX_COOKIE_SIZE"] if context is None else context.app.config["MAX_COOKIE_SIZE"]
    return size


def clean_domain(domain: str | None) -> str | None:
    """Return the domain of a cookie in ASCII, without a port and a leading dot.

    Raises:
        ValueError: It is not the name of a host.
    """
    if not domain:
        return domain
    text = domain.partition(":")[0].lstrip(".").encode("idna").decode("ascii")
    if _DOMAIN.fullmatch(text) is None:
        raise ValueError(f"{domain!r:.100} is not the domain of a cookie, such as 'example.org'.")
    return text


def clean_max_age(max_age: timedelta | float | None) -> timedelta | int | None:
    """Return the age of a cookie in whole seconds, which is all that browsers read.

    Raises:
        ValueError: It is not a number.
    """
    return max_age if max_age is None or isinstance(max_age, timedelta) else int(max_age)


def clean_expires(expires: str | datetime | float | None) -> Any:
    """Return the expiry of a cookie, unchanged.

    Raises:
        ValueError: It is a text that begins another attribute of the cookie, or that no date consists of.
    """
    if isinstance(expires, str) and (";" in expires or not is_plain_value(expires)):
        raise ValueError(f"{expires!r:.100} is not a date. Pass a datetime, or seconds since 1970.")
    return expires


def _date_after(max_age: timedelta | int) -> str:
    """Return the date at which a cookie expires, as Werkzeug adds it for browsers that need it."""
    seconds = int(max_age.total_seconds()) if isinstance(max_age, timedelta) else max_age
    return date_text(int(time()) + seconds)


class CookieResponse(ConditionalResponse):
    """Base class of a response: one whose cookies are checked when they are set."""

    max_cookie_size = property(max_cookie_size)

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: timedelta | int | None = None,
        expires: str | datetime | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Set a cookie (RFC 6265); `delete_cookie` deletes it.

        Args:
            key: The name, a token.
            value: The value; characters that are not allowed in it are quoted.
            max_age: How many seconds the browser keeps it; by default until it is closed.
            expires: When it expires: a date, or seconds since 1970.
            path: The path that it is sent to.
            domain: The domain that it is sent to; by default only the host that sets it.
            secure: Whether it is sent by HTTPS only.
            httponly: Whether it is hidden from JavaScript.
            samesite: `"Strict"`, `"Lax"` or `"None"`.
            partitioned: Whether each top-level site has its own; implies `secure`.

        Raises:
            ValueError: The name is not a token, the domain or a date is invalid, or browsers would drop the
                cookie, as its name begins with `__Secure-` or `__Host-` without what these demand.
        """
        check_cookie(key, path=path, domain=domain, secure=secure or partitioned, samesite=samesite)
        age = clean_max_age(max_age)
        header = dump_cookie(
            key,
            value,
            age,
            clean_expires(expires) if age is None or expires is not None else _date_after(age),
            path,
            clean_domain(domain),
            secure,
            httponly,
            max_size=0,
            samesite=samesite,
            partitioned=partitioned,
        )
        limit = self.max_cookie_size
        if 0 < limit < len(header):
            # Unlike Werkzeug's, a constant text: Python keeps each one, and a client may choose the length.
            warnings.warn(f"A cookie is larger than {limit} bytes: browsers may ignore it.", stacklevel=2)
        self.headers.add("Set-Cookie", header)
