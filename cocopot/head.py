"""The headers of a response as a plain list, where Werkzeug does not have to inspect them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.urls import iri_to_uri
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.datastructures import PLAIN_NAMES, Headers, is_token, special_name
from cocopot.speedups import LENGTH_HEADERS, Quoter, ResponseMaker, is_plain_value
from cocopot.statuses import STATUSES, clean_status

#: The statuses of responses that have no body (RFC 9110, 6.4.1).
WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})

#: The attributes of a response that its short path depends on: a subclass that overrides one does not use it.
SHORT_PATH_NEEDS = (
    "__call__",
    "__getattribute__",
    "__setattr__",
    "_clean_status",
    "call_on_close",
    "close",
    "data",
    "get_app_iter",
    "get_wsgi_headers",
    "get_wsgi_response",
    "headers",
    "is_sequence",
    "iter_encoded",
    "response",
    "set_data",
    "status",
    "status_code",
)

# What describes the body that a 304 does not have (RFC 9110, 15.4.5).
_NOT_IN_304 = frozenset(
    {
        *("allow", "content-encoding", "content-language", "content-length", "content-md5", "content-range"),
        *("content-type", "last-modified"),
    }
)
# The special names in their usual spelling.
_USUAL_NAMES = {
    name: name.lower() for name in ("Content-Type", "Content-Length", "Location", "Content-Location")
}
# What `iri_to_uri` would not change: a path with a query and a fragment, perhaps of a host.
_PATH = r"[\w.~%!$&'()*+,/:;=@-]*(?:\?[\w.~%!$&'()*+,/:;=?@-]+)?(?:#[\w.~%!#$&'()*+,/:;=?@-]+)?"
_URI = re.compile(
    rf"/(?!/){_PATH}|https?://[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}})*(?::[1-9][0-9]{{0,3}})?(?:/{_PATH})?",
    re.ASCII,
)

_quote_outside_ascii = Quoter("".join(map(chr, range(128))))


def plain_header(name: str, value: object) -> tuple[str, str] | None:
    """Return the header, or `None` if Werkzeug has to inspect its value."""
    return (name, value) if type(value) is str and is_plain_value(value) else None


@lru_cache(maxsize=256)
def type_header_of(mimetype: str | None) -> tuple[str, str] | None:
    """Return the `Content-Type` header for a mimetype, or `None` if Werkzeug has to inspect it."""
    if not isinstance(mimetype, str):
        return None
    return plain_header("Content-Type", get_content_type(mimetype, "utf-8"))


# The headers of nearly every response: looking one up is faster than creating one.
TYPE_HEADERS: dict[str | None, tuple[str, str] | None] = {
    mimetype: type_header_of(mimetype) for mimetype in ("text/html", "text/plain")
}
CONTENT_TYPES = {header[1]: header for header in TYPE_HEADERS.values() if header is not None}
CONTENT_TYPES["application/json"] = ("Content-Type", "application/json")


def encode_text(
    text: str, headers: dict[str, str] | None, type_header: tuple[str, str]
) -> tuple[list[bytes], list[tuple[str, str]]] | None:
    """Return body and headers of a text as they are sent, or `None` if the headers have to be inspected.

    Args:
        text: The text that a view returned.
        headers: The headers that it returned with it.
        type_header: The content type, unless `headers` has one.
    """
    body = text.encode()
    length = len(body)
    length_header = LENGTH_HEADERS.get(length) or ("Content-Length", str(length))
    if headers is None:
        return [body], [type_header, length_header]
    head = [*headers.items()]
    has_type = False
    for name, value in head:
        if type(name) is not str or type(value) is not str or not is_plain_value(value):
            return None
        if name in PLAIN_NAMES:
            continue
        if name == "Content-Type":
            has_type = True
        elif not is_token(name) or special_name(name):
            return None
    if not has_type:
        head.append(type_header)
    head.append(length_header)
    return [body], head


def is_uri(location: str) -> bool:
    """Return whether a location can be sent as it is; some that can be are not recognized."""
    return _URI.fullmatch(location) is not None


def _converted(location: str) -> str | None:
    """Return a location as Werkzeug sends it, or `None` if it has to do that."""
    try:
        uri = converted_location(location)
    except ValueError:
        return None
    return uri if is_uri(uri) else None


def converted_location(location: str) -> str:
    """Return a location as a URI, as Werkzeug's `iri_to_uri` does.

    Args:
        location: The location.

    Raises:
        ValueError: It cannot be converted.
    """
    if location[:1] == "/" != location[1:2]:
        uri = _quote_outside_ascii(location)
        if is_uri(uri):
            return uri
    return iri_to_uri(location)


def remove_entity_headers(head: list[tuple[str, str]]) -> None:
    """Remove what a 304 does not contain, in place, as Werkzeug's function does in several passes."""
    head[:] = [item for item in head if item[0].lower() not in _NOT_IN_304]


#: Makes responses whose body is one string, and those that have none.
MAKER = ResponseMaker(
    type_headers=TYPE_HEADERS,
    content_types=CONTENT_TYPES,
    type_header_of=type_header_of,
    statuses=STATUSES,
    clean_status=clean_status,
    is_uri=is_uri,
    iri_to_uri=converted_location,
    entity_headers=_NOT_IN_304,
    headers_class=Headers,
    other_headers_class=WerkzeugHeaders,
    foreign_class=WerkzeugResponse,
    mappings=(dict, MultiDict, ImmutableMultiDict),
)


def plain_items(  # noqa: C901, PLR0912 - the hot path
    headers: object,
) -> tuple[list[tuple[str, str]], set[str] | None] | None:
    """Return headers as a new list of pairs, if no value has to be converted or inspected.

    Args:
        headers: Headers of any form.

    Returns:
        The pairs, and which of those with special handling are among them, in lower case; or `None`.
    """
    items: list[Any]
    if type(headers) is dict:
        items = [*headers.items()]
    elif type(headers) is list:
        for item in headers:
            if type(item) is not tuple or len(item) != 2:
                return None
        items = headers.copy()
    else:
        return None
    kinds = None
    for name, value in items:
        if type(name) is not str or type(value) is not str or not is_plain_value(value):
            return None
        if name in PLAIN_NAMES:
            continue
        kind = _USUAL_NAMES.get(name)
        if kind is None:
            if not is_token(name):
                return None
            kind = special_name(name)
        if kind:
            if "//" in value and not is_uri(value):
                return None
            if kinds is None:
                kinds = {kind}
            else:
                kinds.add(kind)
    return items, kinds


def plain_head(
    headers: object, type_header: tuple[str, str], length_header: tuple[str, str] | None, is_default: bool
) -> tuple[list[tuple[str, str]], bool] | None:
    """Return the head of a response that is constructed, or `None` if Werkzeug has to make it.

    Args:
        headers: The headers that the constructor was passed.
        type_header: The content type.
        length_header: The length of the body, or `None` if it is found when the response is sent.
        is_default: Whether a content type among the headers takes precedence.

    Returns:
        The head, and whether it may be sent as it is, as it contains no location.
    """
    plain = plain_items(headers)
    if plain is None:
        return None
    head, kinds = plain
    if kinds is None:
        head.append(type_header)
        if length_header is not None:
            head.append(length_header)
        return head, True
    if "content-type" not in kinds:
        head.append(type_header)
    elif not is_default:
        _replace_first(head, "content-type", type_header)
    if length_header is not None:
        if "content-length" in kinds:
            _replace_first(head, "content-length", length_header)
        else:
            head.append(length_header)
    return head, has_no_location(kinds)


def has_no_location(kinds: set[str] | None) -> bool:
    """Return whether no location is among headers that `plain_items` has returned."""
    return kinds is None or not ("location" in kinds or "content-location" in kinds)


def _replace_first(head: list[tuple[str, str]], lower: str, header: tuple[str, str]) -> None:
    """Replace the first header of a name, and remove the others."""
    found = [index for index, (name, _) in enumerate(head) if name.lower() == lower]
    head[found[0]] = header
    for index in reversed(found[1:]):
        del head[index]


def final_head(  # noqa: C901, PLR0912 - the hot path
    response: WerkzeugResponse, headers: WerkzeugHeaders | list[tuple[str, str]]
) -> list[tuple[str, str]] | None:
    """Return the headers of a response as they are sent, or `None` if Werkzeug has to make them.

    Args:
        response: The response.
        headers: Its headers, which are valid if they are a list or of our class.
    """
    if type(headers) is list:
        head = headers.copy()
    elif type(headers) is Headers:
        head = headers._list.copy()  # noqa: SLF001 - to_wsgi_list() copies one by one
    else:
        return None
    has_length = False
    locations = ""
    for index, (name, value) in enumerate(head):
        if name in PLAIN_NAMES or name == "Content-Type":
            continue
        kind = _USUAL_NAMES.get(name) or special_name(name)
        if kind == "content-length":
            has_length = True
        elif kind and kind != "content-type":
            if name not in _USUAL_NAMES or name == locations:
                return None
            if not is_uri(value):
                uri = _converted(value)
                if uri is None:
                    return None
                head[index] = name, uri
            if name == "Location" and response.autocorrect_location_header:
                return None
            locations = name
    status = response.status_code
    if status == 204:
        if has_length:
            head = [item for item in head if item[0].lower() != "content-length"]
    elif status == 304:
        remove_entity_headers(head)
    elif not has_length and response.automatically_set_content_length and response.is_sequence:
        head.append(("Content-Length", str(sum(map(len, response.iter_encoded())))))
    return head
