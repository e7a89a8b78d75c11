"""The URLs of a request, as the client sent them, decoded to IRIs (RFC 3987).

A character that has a meaning in a URL, or none, is percent-encoded: in the path all but those of a segment
(RFC 3986, 3.3), in the query those that the client encoded. Werkzeug's attributes take a percent sign in the
decoded path for the beginning of an encoded character, decode the query, and leave `full_path` unquoted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from werkzeug.urls import uri_to_iri

from cocopot.lazy_attributes import load_path, load_root_path
from cocopot.speedups import Quoter, plain_url
from cocopot.speedups.quoting import PATH_CHARACTERS, QUERY_CHARACTERS

if TYPE_CHECKING:
    from cocopot.request import Request

_NOT_ASCII = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")
_search_not_ascii = re.compile("%[89A-Fa-f]").search
# Letters and digits of any script are encoded, and decoded again.
_is_plain_iri_path = re.compile(rf"[\w{re.escape(''.join(PATH_CHARACTERS))}]*").fullmatch
#: Quotes a decoded path as it is in a URL.
quote_path = Quoter("".join(PATH_CHARACTERS))
#: Quotes a query: what the client has encoded stays as it is.
quote_query = Quoter("".join(QUERY_CHARACTERS))


def to_iri(quoted: str) -> str:
    """Decode the encoded characters outside ASCII, except those that cannot be printed."""
    if "%" not in quoted or _search_not_ascii(quoted) is None:
        return quoted
    return _NOT_ASCII.sub(lambda match: _decode(match[0]), quoted)


def _decode(encoded: str) -> str:
    text = unquote_to_bytes(encoded).decode(errors="surrogateescape")
    return "".join(char if char.isprintable() else quote(char, errors="surrogateescape") for char in text)


def load_host_url(request: Request) -> str:
    """The scheme and the host of the request's URL, with a slash at the end."""
    return plain_url(request.scheme, request.host, "/") or f"{_origin(request)}/"


def load_root_url(request: Request) -> str:
    """The URL that the application is mounted under, with a slash at the end."""
    url = plain_url(request.scheme, request.host, f"{request.root_path}/")
    return url or f"{_origin(request)}{_root(request)}/"


def load_base_url(request: Request) -> str:
    """The URL of the request, without the query."""
    url = plain_url(request.scheme, request.host, request.root_path + request.path, "", True)
    return url or f"{_origin(request)}{_root(request)}{_path(request)}"


def load_url(request: Request) -> str:
    """The URL of the request."""
    query = request.query_string
    return f"{load_base_url(request)}?{_query(query)}" if query else load_base_url(request)


def load_full_path(request: Request) -> str:
    """The path of the request and its query, as in its URL: always with a question mark."""
    return f"{_path(request)}?{_query(request.query_string)}"


def _origin(request: Request) -> str:
    plain = plain_url(request.scheme, request.host, "")
    if plain is not None:
        return plain
    origin = f"{request.scheme}://{request.host}"
    try:
        return uri_to_iri(f"{origin}/")[:-1]
    except UnicodeError:  # an international name that cannot be decoded
        return origin


def _root(request: Request) -> str:
    root = request.root_path
    return to_iri(quote_path(_root_bytes(request, root))) if root else ""


def _path(request: Request) -> str:
    path = request.path
    if _is_plain_iri_path(path):
        return path
    data = path.encode()
    if "\ufffd" in path and path == load_path(request):  # bytes that are not UTF-8
        data = b"/" + request.environ["PATH_INFO"].encode("latin1").lstrip(b"/")
    return to_iri(quote_path(data))


def _root_bytes(request: Request, root: str) -> bytes:
    if "\ufffd" in root and root == load_root_path(request):
        raw: str = request.environ["SCRIPT_NAME"]
        return raw.encode("latin1").rstrip(b"/")
    return root.encode()


def _query(query: bytes) -> str:
    return to_iri(quote_query(query))
