"""The pure-Python twin of `_quoting.pxi`, and its documentation."""

from __future__ import annotations

import re
import string
from urllib.parse import quote

#: The ports that are omitted in a URL.
DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
#: The characters that are never encoded (RFC 3986, 2.3).
ALWAYS_SAFE = f"{string.ascii_letters}{string.digits}_.-~"
#: The characters that are not encoded in a path, and have no other meaning there.
PATH_CHARACTERS = frozenset(f"{ALWAYS_SAFE}!$&'()*+,/:;=@")
#: The characters that stay as they are in a query.
QUERY_CHARACTERS = PATH_CHARACTERS | frozenset("?%[]{}|\\^`")
_PLAIN_HOST = re.compile(
    r"[a-z0-9_-]{1,63}+(?:\.[a-z0-9_-]{1,63}+)*+(?::([1-9][0-9]{0,3}))?", re.ASCII | re.IGNORECASE
)
_LABEL = "(?!xn--)[a-z0-9_-]{1,63}+"
_PLAIN_ORIGIN = re.compile(rf"https?://{_LABEL}(?:\.{_LABEL})*+(?::[1-9][0-9]{{0,3}})?")
_PLAIN_PATH = re.compile(f"(?:/[{re.escape(''.join(PATH_CHARACTERS))}]*)?")
_PLAIN_IRI_PATH = re.compile(rf"(?:/[\w{re.escape(''.join(PATH_CHARACTERS))}]*)?")
_PLAIN_QUERY = re.compile(f"[{re.escape(''.join(QUERY_CHARACTERS))}]*")


def plain_host(header: str, scheme: str) -> str | None:
    """Return a host without the scheme's port, or `None` if `cocopot.hosts` has to inspect it.

    Args:
        header: What a `Host` header contains.
        scheme: The scheme of the URL.
    """
    host = _PLAIN_HOST.fullmatch(header) if len(header) <= 255 else None
    if host is None:
        return None
    return header[: host.start(1) - 1] if host[1] and host[1] == DEFAULT_PORTS.get(scheme) else header


def plain_url(scheme: str, host: str, path: str, query: str = "", is_iri: bool = False) -> str | None:
    """Return a URL, or `None` if something in it has to be encoded or decoded.

    Args:
        scheme: The scheme.
        host: The host, with its port.
        path: The path, which is empty or begins with a slash.
        query: The query, without the question mark.
        is_iri: Whether the path may have letters and digits outside ASCII (RFC 3987).
    """
    origin = f"{scheme}://{host}"
    plain_path = _PLAIN_IRI_PATH if is_iri else _PLAIN_PATH
    if not _PLAIN_ORIGIN.fullmatch(origin) or not plain_path.fullmatch(path):
        return None
    text: object = query  # of a server, which may pass bytes
    if not isinstance(text, str) or not _PLAIN_QUERY.fullmatch(text):
        return None
    return f"{origin}{path}?{query}" if query else origin + path


def redirect_body(location: str) -> str:
    """Return the page of a redirect, with a link for clients that do not follow it (RFC 9110, 15.4).

    Args:
        location: The URL, relative or absolute.
    """
    from html import escape  # of redirects only

    link = escape(location)
    return (
        "<!doctype html>\n<html lang=en>\n<title>Redirect</title>\n"
        f'<p>This page has another address: <a href="{link}">{link}</a>\n'
    )


class Quoter:
    """Percent-encodes texts as `urllib.parse.quote` does (RFC 3986, 2.1).

    Args:
        safe: Characters of ASCII that stay as they are, besides letters, digits and `_.-~`.
    """

    def __init__(self, safe: str) -> None:
        self._safe = safe
        self._is_safe = re.compile(f"[{re.escape(ALWAYS_SAFE + safe)}]*").fullmatch

    def __call__(self, text: str | bytes) -> str:
        """Return a text percent-encoded, in UTF-8.

        Args:
            text: The text, or its bytes.

        Raises:
            UnicodeEncodeError: It has a surrogate.
        """
        if type(text) is str and self._is_safe(text):
            return text
        return str.__str__(quote(text, safe=self._safe))  # an empty text of a subclass stays one
