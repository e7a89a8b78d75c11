"""Conditional and range requests: how a client's headers change a response (RFC 9110, sections 13 and 14).

Werkzeug evaluates a range before the preconditions, accepts weak tags and later dates where the RFC demands
an exact match, does not evaluate `If-Unmodified-Since`, and sends the whole body with a 412.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import TYPE_CHECKING, cast

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import http_date, parse_date, parse_etags, unquote_etag

from cocopot.datastructures import Headers
from cocopot.header_objects import MONTHS, HeaderObjectsResponse
from cocopot.wsgi import close_unsent

if TYPE_CHECKING:
    from werkzeug.wrappers import Request as WerkzeugRequest
    from werkzeug.wrappers import Response as _WerkzeugResponse

    from cocopot.types import WSGIEnvironment

# Methods without a representation that a condition could be about (RFC 9110, 13.2.1).
_UNCONDITIONAL = frozenset({"CONNECT", "OPTIONS", "TRACE"})
# A date as nearly all are written (RFC 9110, 5.6.7).
_DATE = re.compile(
    rf"[A-Z][a-z]{{2}}, (\d\d) ({'|'.join(MONTHS)}) ([1-9]\d{{3}}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)
_DATE_LENGTH = len("Thu, 01 Jan 1970 00:00:00 GMT")
_BYTE_RANGE = re.compile(r"(\d*)-(\d*)", re.ASCII)
# One from a first byte on, as most are written.
_USUAL_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})", re.ASCII)


# What describes the body: not a part of a 304 (RFC 9110, 15.4.5), nor of a 412.
_BODY_HEADERS = frozenset(
    {
        *("content-type", "content-length", "content-encoding", "content-language", "content-disposition"),
        *("content-range", "x-sendfile"),
    }
)


#: Formats seconds since 1970 as a date; most are sent again.
date_text = lru_cache(maxsize=256)(http_date)


class ConditionalResponse(HeaderObjectsResponse):
    """Base class of a response: Werkzeug's, with the conditional and range requests of RFC 9110."""

    def make_conditional(
        self,
        request_or_environ: WSGIEnvironment | WerkzeugRequest,
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> _WerkzeugResponse:
        """Make this a 304, 206 or 412 if the client's headers require it (RFC 9110, sections 13 and 14).

        Nothing is evaluated for a response that is not a success (13.2.1), and a range only for the 200 of a
        `GET`. A 304 or 412 loses its body, and the headers that describe it.

        Args:
            request_or_environ: The request, or the WSGI environment.
            accept_ranges: Whether ranges of bytes are sent; a text is the value of `Accept-Ranges`.
            complete_length: The length of the body, in bytes; without it no range is sent.

        Raises:
            RequestedRangeNotSatisfiable: The range is malformed or outside the body.
        """
        environ = request_or_environ if isinstance(request_or_environ, dict) else request_or_environ.environ
        headers = self.headers
        if "Date" not in headers:
            headers["Date"] = date_text(int(time()))
        if accept_ranges and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            headers["Accept-Ranges"] = "bytes" if accept_ranges is True else accept_ranges
        if not 200 <= self.status_code < 300:
            return self
        etag, last_modified = headers.get("ETag"), _own_date(headers.get("Last-Modified"))
        failure = failed_precondition(environ, etag, last_modified)
        if failure is not None:
            self._drop_body(failure)
            return self
        if accept_ranges and complete_length and self.status_code == 200:
            try:
                wanted = requested_range(environ, etag, last_modified, complete_length)
            except RequestedRangeNotSatisfiable as error:
                close_unsent(self, error)
                raise
            if wanted is not None:
                self._send_range(*wanted, complete_length)
        if self.automatically_set_content_length and "Content-Length" not in headers:
            length = self.calculate_content_length()
            if length is not None:
                headers["Content-Length"] = str(length)
        return self

    def _drop_body(self, status: int) -> None:
        """Become a response to a failed precondition, without what describes the body (RFC 9110, 15.4.5)."""
        close = getattr(self.response, "close", None)
        if close is not None:
            close()
        self.direct_passthrough = False
        self.response = []
        self.status_code = status
        headers = self.headers
        items = without_body(list(headers), status)
        if isinstance(headers, Headers):
            headers.assign(items)
        else:
            headers[:] = items

    def _send_range(self, start: int, stop: int, length: int) -> None:
        """Become a response with a part of the body (RFC 9110, 15.3.7)."""
        if self.is_sequence:
            self.response = [*self.iter_encoded()]  # a range is one of bytes
        self.content_length = stop - start
        self.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{length}"
        self.status_code = 206
        self._wrap_range_response(start, stop - start)


def _own_date(value: str | None) -> str | None:
    """Return a date of the application's, unchanged.

    Raises:
        OverflowError: Such a date cannot exist.
    """
    if value is not None and _DATE.fullmatch(value) is None:
        parse_date(value)
    return value


def without_body(head: list[tuple[str, str]], status: int) -> list[tuple[str, str]]:
    """Return headers without those that describe a body that is not sent (RFC 9110, 15.4.5).

    Args:
        head: The headers.
        status: 304, or 412, whose content is for this client only.
    """
    head = [item for item in head if item[0].lower() not in _BODY_HEADERS]
    if status != 412:
        return head
    head = [item for item in head if item[0].lower() not in {"cache-control", "expires"}]
    return [*head, ("Cache-Control", "no-store")]


def failed_precondition(environ: WSGIEnvironment, etag: str | None, last_modified: str | None) -> int | None:
    """Return the status for a precondition that is false, in the order of RFC 9110, 13.2.2.

    Args:
        environ: The WSGI environment.
        etag: The `ETag` of the response, or `None`.
        last_modified: Its `Last-Modified`, or `None`.

    Returns:
        412, 304, or `None` if the response is to be sent. Dates that cannot be read are ignored (13.1.3 and
        13.1.4), as are all preconditions for a method such as `OPTIONS` (13.2.1).
    """
    method = environ["REQUEST_METHOD"]
    if method in _UNCONDITIONAL:
        return None
    is_read = method in {"GET", "HEAD"}
    if_match = environ.get("HTTP_IF_MATCH")
    if if_match is not None:
        if not _has_tag(if_match, etag, strong=True):  # 13.1.1
            return 412
    elif _is_later(last_modified, environ.get("HTTP_IF_UNMODIFIED_SINCE")):  # 13.1.4
        return 412
    if_none_match = environ.get("HTTP_IF_NONE_MATCH")
    if if_none_match is not None:
        if _has_tag(if_none_match, etag, strong=False):  # 13.1.2
            return 304 if is_read else 412
    elif is_read and _is_later(last_modified, environ.get("HTTP_IF_MODIFIED_SINCE")) is False:  # 13.1.3
        return 304
    return None


def requested_range(
    environ: WSGIEnvironment, etag: str | None, last_modified: str | None, length: int
) -> tuple[int, int] | None:
    """Return the range of bytes that is requested (RFC 9110, 14.2), or `None` for the whole representation.

    It is the whole for several ranges, another unit, another method than `GET`, and an `If-Range` that does
    not match (13.1.5).

    Args:
        environ: The WSGI environment.
        etag: The `ETag` of the response, or `None`.
        last_modified: Its `Last-Modified`, or `None`.
        length: The length of the representation, in bytes.

    Returns:
        The first byte, and the one after the last.

    Raises:
        RequestedRangeNotSatisfiable: The range is malformed or outside of the representation (15.5.17).
    """
    header = environ.get("HTTP_RANGE")
    if header is None or not length or environ["REQUEST_METHOD"] != "GET":
        return None
    if "HTTP_IF_RANGE" not in environ and (found := _USUAL_RANGE.fullmatch(header)) is not None:
        first, last = found.groups()
        start, stop = int(first), min(int(last) + 1, length) if last else length
        if start >= stop:
            raise RequestedRangeNotSatisfiable(length)
        return start, stop
    unit, _, ranges = header.partition("=")
    if unit.strip(" \t").lower() != "bytes" or not _is_unchanged(
        environ.get("HTTP_IF_RANGE"), etag, last_modified
    ):
        return None
    items = [item for item in (item.strip(" \t") for item in ranges.split(",")) if item]
    if len(items) > 1:
        return None
    found = _BYTE_RANGE.fullmatch(items[0]) if items else None
    start, stop = (0, 0) if found is None else _positions(found, length)
    if start >= stop:
        raise RequestedRangeNotSatisfiable(length)
    return start, stop


def _positions(found: re.Match[str], length: int) -> tuple[int, int]:
    """Return start and stop of a range, which is empty if nothing can be sent (RFC 9110, 14.1.2)."""
    first, last = (_position(text, length) for text in found.groups())
    if found[0].startswith("-"):
        return (length - last, length) if last else (0, 0)
    if found[0].endswith("-"):
        return first, length
    if last < first:
        return 0, 0
    return first, min(last + 1, length)


def _position(digits: str, length: int) -> int:
    """Return the value of digits, or `length` where it is larger."""
    digits = digits.lstrip("0")
    if len(digits) > 20:  # Python converts no more than 4300 digits
        return length
    return min(int(digits or 0), length)


def _has_tag(header: str, etag: str | None, *, strong: bool) -> bool:
    """Return whether a header contains the tag of a response; `*` is any response (RFC 9110, 8.8.3.2)."""
    if header.count('"') == 2 and header[0] == header[-1] == '"':  # one strong tag, as nearly always
        if header == etag:
            return True
        if etag is None or (etag.count('"') == 2 and etag[0] == etag[-1] == '"'):
            return False
    tags = parse_etags(header.strip(" \t"))
    if tags.star_tag:
        return True
    tag, is_weak = unquote_etag(etag)
    if etag is None or (strong and is_weak):
        return False
    expected = cast("str", tag or None)  # as Werkzeug has an empty tag
    return tags.is_strong(expected) or (not strong and tags.is_weak(expected))


def _is_later(last_modified: str | None, header: str | None) -> bool | None:
    """Return whether a response was modified after a date; `None` if one of them is unknown."""
    if header is None or last_modified is None:
        return None
    date = _parse_date(header)
    modified = date if last_modified == header else _parse_date(last_modified)
    return None if date is None or modified is None else modified > date


def _is_unchanged(header: str | None, etag: str | None, last_modified: str | None) -> bool:
    """Return whether an `If-Range` allows a range: it is absent, or an exact match (RFC 9110, 13.1.5)."""
    if header is None:
        return True
    header = header.strip(" \t")
    if header.endswith('"'):
        tag, is_weak = unquote_etag(header)
        return not is_weak and (tag, False) == unquote_etag(etag)
    date = _parse_date(last_modified)
    return date is not None and _parse_date(header) == date


def _parse_date(header: str | None) -> datetime | None:
    """Return a date, or `None` for one that is not valid; Werkzeug's function takes several times longer."""
    try:
        if header is not None and len(header) == _DATE_LENGTH and (date := _plain_date(header)) is not None:
            return date
        return parse_date(header)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=256)  # clients send those of files, which are sent again
def _plain_date(header: str) -> datetime | None:
    """Return a date that is written as usual, or `None`."""
    if (found := _DATE.fullmatch(header)) is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    number = MONTHS.index(month) + 1
    return datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
