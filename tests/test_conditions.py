"""Conditional and range requests, compared with a second reading of RFC 9110, sections 13 and 14."""

from __future__ import annotations

import io
import itertools
import os
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.test import run_wsgi_app

from cocopot import Cocopot, Response, request, send_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cocopot.testing import Client

BODY = b"0123456789"
DATES = {
    "Sun, 01 Nov 2026 10:00:00 GMT": 1,
    "Sunday, 01-Nov-26 10:00:01 GMT": 2,  # obsolete forms are dates too (RFC 9110, 5.6.7)
    "Sun, 01 Nov 2026 10:00:01 GMT": 2,
    "Sun Nov  1 10:00:02 2026": 3,
}
EARLIER, SAME_OLD_FORM, SAME, LATER = DATES
NOT_DATES = [
    "yesterday",
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Sun, 99 Nov 2026 10:00:00 GMT",
    "",
]
MODIFIED = 1793527201  # SAME, in seconds since 1970

TAGS = ["*", '"a"', 'W/"a"', '"b"', '"b", W/"a"', '"x,y" , "a"', '""', "", 'nonsense"']
DATE_VALUES = [EARLIER, SAME, LATER, "yesterday", SAME_OLD_FORM, *NOT_DATES]
VALUES = {
    "If-Match": TAGS,
    "If-Unmodified-Since": DATE_VALUES,
    "If-None-Match": TAGS,
    "If-Modified-Since": DATE_VALUES,
    "Range": [
        *("bytes=2-4", "bytes=-99", "bytes=10-", "bytes=0-0,2-3", "furlongs=1-2", "bytes=4-2", "Bytes=8-"),
        *("bytes=-0", "bytes=x", "bytes=", "bytes=3-4, 0-1", "nonsense", "bytes=, 1-3 ,", "bytes=0009-"),
        *(f"bytes={'9' * 5000}-", f"bytes=2-{'9' * 5000}", "bytes=\u0663-"),
    ],
    "If-Range": ['"a"', 'W/"a"', SAME, LATER, EARLIER, '"b"', '""', *DATE_VALUES],
}
# Each value of a header with each value of another one; of the values, those of different kinds.
PAIRS: list[dict[str, str]] = [
    {first: a, second: b}
    for first, second in itertools.combinations(VALUES, 2)
    for a, b in itertools.product(VALUES[first][:5], VALUES[second][:5])
]


class Expected(NamedTuple):
    status: int
    body: bytes


# -------------------------------------------------------------------------
# The second reading
# -------------------------------------------------------------------------


def lists(header: str, tag: str | None, weakly: bool) -> bool:
    """Return whether a list of tags has the tag of the response."""
    if header == "*":
        return True
    # Of the lists used here only one has a comma inside of a tag.
    listed = {item.strip() for item in header.replace('"x,y"', '"xy"').split(",")} - {""}
    if weakly:
        return tag is not None and tag.removeprefix("W/") in {item.removeprefix("W/") for item in listed}
    return tag is not None and not tag.startswith("W/") and tag in listed


def expected(
    method: str, status: int, tag: str | None, modified: str | None, headers: Mapping[str, str]
) -> Expected:
    """Return the answer of RFC 9110, 13.2.2, step by step."""
    whole = Expected(status, b"" if method == "HEAD" else BODY)
    date = None if modified is None else DATES[modified]
    sent = {name: DATES.get(value) for name, value in headers.items()}
    if not 200 <= status < 300:  # 13.2.1
        return whole
    if "If-Match" in headers:  # step 1
        if not lists(headers["If-Match"], tag, weakly=False):
            return Expected(412, b"")
    elif (since := sent.get("If-Unmodified-Since")) and date and date > since:  # step 2
        return Expected(412, b"")
    if "If-None-Match" in headers:  # step 3
        if lists(headers["If-None-Match"], tag, weakly=True):
            return Expected(304 if method in {"GET", "HEAD"} else 412, b"")
    elif method in {"GET", "HEAD"} and (since := sent.get("If-Modified-Since")) and date and date <= since:
        return Expected(304, b"")  # step 4
    if method == "GET" and status == 200 and "Range" in headers:  # step 5
        validator = headers.get("If-Range", tag if tag and tag[0] == '"' else modified)
        is_tag = validator is not None and '"' in validator
        exact = (
            (validator == tag and not str(tag).startswith("W/"))
            if is_tag
            else DATES.get(validator or "") == date
        )
        if "If-Range" not in headers or (exact and (is_tag or date is not None)):
            return part(headers["Range"]) or whole
    return whole


def part(header: str) -> Expected | None:
    """Return the answer to a range of the body, or `None` for the whole."""
    known = {
        "bytes=2-4": b"234",
        "bytes=, 1-3 ,": b"123",
        "bytes=-99": BODY,
        "Bytes=8-": b"89",
        "bytes=0009-": b"9",
        f"bytes=2-{'9' * 5000}": b"23456789",
    }
    if header in known:
        return Expected(206, known[header])
    if header in {"bytes=0-0,2-3", "bytes=3-4, 0-1", "furlongs=1-2", "nonsense"}:
        return None
    return Expected(416, b"")


# -------------------------------------------------------------------------
# Files
# -------------------------------------------------------------------------

TAGS_OF_RESPONSES = ['"a"', 'W/"a"', '""', None]


def view_file(source: str) -> Response:
    tag = request.headers.get("X-Tag")
    file: Any = "static/digits.txt" if source == "path" else io.BytesIO(BODY)
    response = send_file(
        file, "text/plain", conditional=False, etag=False, last_modified=MODIFIED, max_age=60
    )
    if tag is not None:
        response.headers["ETag"] = tag
    response.vary.add("Cookie")
    response.make_conditional(request, accept_ranges=True, complete_length=len(BODY))
    return response


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client of an application that sends a file in several ways."""
    root: Path = tmp_path_factory.mktemp("conditions")
    (root / "static").mkdir()
    (root / "static" / "digits.txt").write_bytes(BODY)
    os.utime(root / "static" / "digits.txt", (MODIFIED, MODIFIED))
    app = Cocopot("conditions", root_path=str(root), autoload=False)
    methods = ["GET", "POST", "PUT", "DELETE"]
    app.add_url_rule("/<source>", "file", view_file, methods=methods)
    app.add_url_rule("/sent", "sent", lambda: send_file(io.BytesIO(BODY), "a/b", etag="a"), methods=methods)
    return app.test_client()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("source", ["path", "memory"])
@pytest.mark.parametrize("tag", TAGS_OF_RESPONSES)
def test_each_pair_of_headers(client: Client, method: str, source: str, tag: str | None) -> None:
    """A file, by path or from memory, is sent whole, in part or not at all, as the RFC has it."""
    for headers in PAIRS:
        more = {} if tag is None else {"X-Tag": tag}
        with client.open(f"/{source}", method=method, headers={**headers, **more}) as response:
            answer = expected(method, 200, tag, SAME, headers)
            assert response.status_code == answer.status, headers
            assert answer.status == 416 or response.data == answer.body, headers


def header_of(client: Client, path: str, **headers: str) -> dict[str, str]:
    with client.get(
        path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    ) as answer:
        return {"status": str(answer.status_code), **dict(answer.headers)}


def test_the_static_folder_is_conditional(client: Client) -> None:
    """Static files have a tag and a date, which all of the headers are compared with."""
    path = "/static/digits.txt"
    tag = header_of(client, path)["ETag"]
    for headers, status in (
        ({"If_Match": tag}, "200"),
        ({"If_Match": '"b"', "Range": "bytes=0-1"}, "412"),
        ({"If_None_Match": tag, "Range": "bytes=0-1"}, "304"),
        ({"If_None_Match": '"b"', "If_Modified_Since": LATER}, "200"),
        ({"If_Unmodified_Since": EARLIER}, "412"),
        ({"If_Range": tag, "Range": "bytes=0-1"}, "206"),
        ({"If_Range": f"W/{tag}", "Range": "bytes=0-1"}, "200"),
        ({"If_Range": LATER, "Range": "bytes=0-1"}, "200"),
        ({"Range": "bytes=10-"}, "416"),
    ):
        assert header_of(client, path, **headers)["status"] == status


def test_headers_of_a_304(client: Client) -> None:
    """Not modified: what a cache updates is sent, and what describes the body is not (RFC 9110, 15.4.5)."""
    headers = header_of(client, "/path", X_Tag='"a"', If_None_Match='"a"')
    assert {*headers} >= {"ETag", "Date", "Vary", "Cache-Control", "Expires"}
    assert not {*headers} & {"Content-Type", "Content-Length", "Content-Disposition", "Content-Range"}


def test_headers_of_a_412(client: Client) -> None:
    """A failed precondition has an empty body of its own, which no cache may use for others."""
    headers = header_of(client, "/path", X_Tag='"a"', If_Match='"b"')
    assert (headers["ETag"], headers["Content-Length"], headers["Cache-Control"]) == ('"a"', "0", "no-store")
    assert not {*headers} & {"Content-Type", "Content-Disposition", "Content-Range", "Expires"}


def test_headers_of_a_206(client: Client) -> None:
    """A part states its place and its length, and a range that cannot be had the length of the whole."""
    headers = header_of(client, "/path", Range="bytes=-4")
    assert (headers["Content-Range"], headers["Content-Length"]) == ("bytes 6-9/10", "4")
    headers = header_of(client, "/path", Range="bytes=10-")
    assert (headers["status"], headers["Content-Range"]) == ("416", "bytes */10")
    assert header_of(client, "/path")["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods(client: Client, method: str) -> None:
    """A method that changes something is refused for a tag, and has neither dates nor ranges."""
    for headers, status in (
        ({"If-None-Match": '"a"'}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-Match": '"b"'}, 412),
        ({"If-Match": '"a"'}, 200),
        ({"If-Modified-Since": LATER, "Range": "bytes=0-1"}, 200),
    ):
        assert client.open("/sent", method=method, headers=headers).status_code == status


# -------------------------------------------------------------------------
# Responses of views
# -------------------------------------------------------------------------

header_sets = st.fixed_dictionaries({}, optional={name: st.sampled_from(VALUES[name]) for name in VALUES})


@settings(deadline=None, max_examples=500)
@given(
    header_sets,
    st.sampled_from(["GET", "HEAD", "POST", "PATCH"]),
    st.sampled_from([200, 201, 204, 206, 302, 304, 404, 412, 500]),
    st.sampled_from(TAGS_OF_RESPONSES),
    st.sampled_from([None, EARLIER, SAME, LATER]),
)
def test_any_headers(headers: Any, method: str, status: int, tag: str | None, modified: str | None) -> None:
    """Whatever is combined, a response is what the RFC makes of it, and nothing happens without success."""
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ["REQUEST_METHOD"] = method
    response = Response(BODY, status)
    if tag is not None:
        response.headers["ETag"] = tag
    if modified is not None:
        response.headers["Last-Modified"] = modified
    answer = expected(method, status, tag, modified, headers)
    try:
        assert response.make_conditional(environ, True, len(BODY)) is response
    except RequestedRangeNotSatisfiable:
        assert answer.status == 416
    else:
        assert response.status_code == answer.status
        body, _, sent = run_wsgi_app(response, environ)
        if status not in {204, 304}:
            assert b"".join(body) == answer.body
            assert method == "HEAD" or answer.status == 304 or int(sent["Content-Length"]) == len(answer.body)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT"])
def test_a_method_without_a_representation(method: str) -> None:
    """A method that selects nothing ignores all conditions (RFC 9110, 13.2.1)."""
    response = Response(BODY)
    response.make_conditional({"REQUEST_METHOD": method, "HTTP_IF_MATCH": '"a"', "HTTP_IF_NONE_MATCH": "*"})
    assert response.status_code == 200


def test_a_condition_is_evaluated_once_only() -> None:
    """A second evaluation, such as a plugin's, changes nothing."""
    for header, value, status in (
        ("HTTP_RANGE", "bytes=2-4", 206),
        ("HTTP_IF_NONE_MATCH", "*", 304),
        ("HTTP_IF_MATCH", '"b"', 412),
    ):
        response = Response(BODY)
        environ = {"REQUEST_METHOD": "GET", header: value}
        for _ in range(2):
            response.make_conditional(environ, accept_ranges=True, complete_length=len(BODY))
            assert response.status_code == status


def test_a_tag_is_added_and_compared() -> None:
    """The tag of a body, strong or weak, is compared as it is sent."""
    for weak, status in ((False, 200), (True, 412)):
        response = Response(BODY)
        response.add_etag(weak=weak)
        environ = {"REQUEST_METHOD": "GET", "HTTP_IF_MATCH": response.headers["ETag"]}
        assert response.make_conditional(environ).status_code == status


def test_a_range_is_one_of_bytes() -> None:
    """A body of texts is cut between bytes, and an empty one is sent whole."""
    response = Response(["\u00e9\u00e8", "a"])
    response.make_conditional({"REQUEST_METHOD": "GET", "HTTP_RANGE": "bytes=2-4"}, True, 5)
    assert response.get_data() == "\u00e8a".encode()
    response = Response(b"")
    response.make_conditional({"REQUEST_METHOD": "GET", "HTTP_RANGE": "bytes=0-"}, True, 0)
    assert response.status_code == 200


def test_a_body_that_is_not_sent_is_closed() -> None:
    """A file is closed with the answer that takes its place; functions on close wait for the end of that."""
    for header, value, functions in (
        ("HTTP_IF_NONE_MATCH", "*", []),
        ("HTTP_IF_MATCH", '"b"', []),
        ("HTTP_RANGE", "bytes=99-", ["on close"]),
    ):
        closed: list[str] = []
        file = io.BytesIO(BODY)
        response = Response(file, direct_passthrough=True)
        response.call_on_close(partial(closed.append, "on close"))
        try:
            response.make_conditional({"REQUEST_METHOD": "GET", header: value}, True, 10)
        except RequestedRangeNotSatisfiable:
            assert header == "HTTP_RANGE"
        assert file.closed
        assert closed == functions


def test_a_date_of_the_application_that_is_none_is_its_mistake() -> None:
    """Only what the client sent is ignored."""
    response = Response("a", headers={"Last-Modified": "1 Jan 99999999999999999999 00:00:00 GMT"})
    with pytest.raises(OverflowError):
        response.make_conditional({"REQUEST_METHOD": "GET"})
