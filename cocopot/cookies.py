"""Checks of a cookie that is set, beyond those of Werkzeug (RFC 6265, 4.1.1)."""

from __future__ import annotations

import re
import warnings
from datetime import timedelta
from functools import lru_cache
from time import time
from typing import TYPE_CHECKING

from werkzeug.http import dump_cookie, http_date

from cocopot.conditions import ConditionalResponse, date_text
from cocopot.config_keys import DEFAULTS
from cocopot.context import CURRENT
from cocopot.datastructures import is_token
from cocopot.speedups import is_plain_value

if TYPE_CHECKING:
    from datetime import datetime

_DOMAIN = r"[0-9A-Za-z._-]*"
_TEXT = (str, type(None))


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
        TypeError: Name, path or domain is not a string.
    """
    if not (type(name) is str and type(path) in _TEXT and type(domain) in _TEXT):
        _check_texts(name=name, path=path or "", domain=domain or "")
    if not is_token(name):
        raise ValueError(
            f"{name!r:.100} is not the name of a cookie. It consists of letters, digits and "
            "!#$%&'*+-.^_`|~ (RFC 6265, 4.1.1)."
        )
    if samesite is not None and str(samesite).title() not in {"Strict", "Lax", "None"}:
        raise ValueError(f"samesite is 'Strict', 'Lax', 'None' or omitted, not {samesite!r:.100}.")
    if not name.startswith("__"):
        return
    prefix = name[:9].lower()
    if prefix == "__secure-" and not secure:
        raise ValueError(f"Browsers drop the cookie {name!r}: with this prefix it needs secure=True.")
    if prefix.startswith("__host-") and not (secure and path == "/" and not domain):
        raise ValueError(
            f"Browsers drop the cookie {name!r}: with this prefix it needs secure=True, path='/' "
            "and no domain."
        )


def _check_texts(**parts: object) -> None:
    for name, value in parts.items():
        if not isinstance(value, str):
            raise TypeError(f"The {name} of a cookie is a string, not {value!r:.100}.")


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
    if re.fullmatch(_DOMAIN, text) is None:
        raise ValueError(f"{domain!r:.100} is not the domain of a cookie, such as 'example.org'.")
    return text


def clean_max_age(max_age: timedelta | float | None) -> int | None:
    """Return the age of a cookie in whole seconds, which is all that browsers read.

    Raises:
        ValueError: It is not a number.
    """
    if max_age is None or type(max_age) is int:
        return max_age
    return int(max_age.total_seconds() if isinstance(max_age, timedelta) else max_age)


def expires_text(expires: str | datetime | float | None, max_age: int | None) -> str | None:
    """Return when a cookie expires, or `None`; one that has an age gets a date, for browsers that need it.

    Raises:
        ValueError: It is a text that begins another attribute of the cookie, or that no date consists of.
    """
    if expires is None:
        return None if max_age is None else date_text(int(time()) + max_age)
    if not isinstance(expires, str):
        return date_text(expires) if type(expires) is int else http_date(expires)
    if ";" in expires or not is_plain_value(expires):
        raise ValueError(f"{expires!r:.100} is not a date. Pass a datetime, or seconds since 1970.")
    return expires


@lru_cache(maxsize=128, typed=True)
def _attributes(
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
    partitioned: bool,
) -> tuple[str, str]:
    """Return the attributes of a cookie as text, before and after its expiry and its age.

    Nearly all cookies of an application have the same.
    """
    header = dump_cookie(
        "k", "", 0, "", path, domain, secure, httponly, max_size=0, samesite=samesite, partitioned=partitioned
    )
    before, _, after = header.removeprefix("k=").partition("; Expires=; Max-Age=0")
    return before, after


def _header_of(
    key: str,
    value: str,
    max_age: timedelta | int | None,
    expires: str | datetime | float | None,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
    partitioned: bool,
) -> str:
    """Return the header that sets a cookie; see `CookieResponse.set_cookie`."""
    check_cookie(key, path=path, domain=domain, secure=secure or partitioned, samesite=samesite)
    age = clean_max_age(max_age)
    date = expires_text(expires, age)
    before, after = _attributes(path, clean_domain(domain), secure, httponly, samesite, partitioned)
    is_plain = type(key) is type(value) is str and (not value or is_token(value))
    if not is_plain:
        _check_texts(value=value)
    pair = f"{key}={value}" if is_plain else dump_cookie(key, value, path=None, max_size=0)
    expiry = "" if date is None else f"; Expires={date}"
    return f"{pair}{before}{expiry}{after if age is None else f'; Max-Age={age}{after}'}"


# The deletion of a cookie with a longer name is not cached.
_LONGEST_NAME = 64


@lru_cache(maxsize=128, typed=True)
def _deletion(
    key: str,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
    partitioned: bool,
) -> str:
    """Return the header that deletes a cookie, which is the same each time.

    The name may be a client's, so the caller limits its length.
    """
    return _header_of(key, "", 0, 0, path, domain, secure, httponly, samesite, partitioned)


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
            TypeError: Name, value, path or domain is not a string.
        """
        header = _header_of(
            key, value, max_age, expires, path, domain, secure, httponly, samesite, partitioned
        )
        self._add_cookie(header)

    def delete_cookie(
        self,
        key: str,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Make the browser delete a cookie; name, path and domain are those that it was set with.

        Args:
            key: The name, a token.
            path: The path that it is sent to.
            domain: The domain that it is sent to.
            secure: Whether it is sent by HTTPS only.
            httponly: Whether it is hidden from JavaScript.
            samesite: `"Strict"`, `"Lax"` or `"None"`.
            partitioned: Whether each top-level site has its own.

        Raises:
            ValueError: As for `set_cookie`.
            TypeError: As for `set_cookie`.
        """
        if (
            type(self).set_cookie is CookieResponse.set_cookie
            and type(key) is str
            and len(key) <= _LONGEST_NAME
            and type(path) in _TEXT
            and type(domain) in _TEXT
            and type(samesite) in _TEXT
        ):
            self._add_cookie(_deletion(key, path, domain, secure, httponly, samesite, partitioned))
        else:
            super().delete_cookie(key, path, domain, secure, httponly, samesite, partitioned)

    def _add_cookie(self, header: str) -> None:
        limit = self.max_cookie_size
        if 0 < limit < len(header):
            # Unlike Werkzeug's, a constant text: Python keeps each one, and a client may choose the length.
            warnings.warn(f"A cookie is larger than {limit} bytes: browsers may ignore it.", stacklevel=3)
        self.headers.add("Set-Cookie", header)
