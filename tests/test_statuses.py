from __future__ import annotations

from enum import IntEnum, StrEnum
from http import HTTPStatus
from typing import Any

import pytest

from cocopot.response import Response, text_response
from cocopot.statuses import clean_status

OUTSIDE = [True, False, 0, 1, 42, 99, 100, 101, 103, 199, 600, 799, 1000, -200, HTTPStatus.CONTINUE]
UNREADABLE = [
    "",
    " ",
    "abc",
    "OK 200",
    "0200 OK",
    "20",
    "2000 OK",
    "+200",
    "2_00",
    "200x",
    "200\tOK",
    "200\nOK",
]
UNREADABLE += ["\u0662\u0660\u0660 OK", "101 Switching Protocols", "0 b", "HTTP/1.1 200 OK"]
UNSENDABLE = ["200 OK\r\nX-A: b", "200 O\nK", "200 a\0b", "200 a\x7fb", "200 \u0100", "200 \ud800"]
NEITHER = [b"200 OK", 200.0, 404.5, {}, [], ("200 OK",)]


class Numbers(IntEnum):
    CREATED = 201


class Texts(StrEnum):
    CREATED = "201 Made"


@pytest.mark.parametrize(
    ("value", "line", "code"),
    [
        (200, "200 OK", 200),
        (299, "299 UNKNOWN", 299),
        (599, "599 UNKNOWN", 599),
        (HTTPStatus.CREATED, "201 CREATED", 201),
        (Numbers.CREATED, "201 CREATED", 201),
        (Texts.CREATED, "201 Made", 201),
        ("404", "404 NOT FOUND", 404),
        ("299 Odd", "299 Odd", 299),
        ("200 Fine", "200 Fine", 200),
        ("418 I'm a teapot", "418 I'm a teapot", 418),
        (" 200 tab\there \xe9 \x80 ", "200 tab\there \xe9 \x80", 200),
    ],
)
def test_a_final_status_is_accepted(value: Any, line: str, code: int) -> None:
    """Any code of a final response is accepted, with any reason; without a reason it gets the usual one."""
    status = clean_status(value)
    assert status == (line, code)
    assert (type(status[0]), type(status[1])) == (str, int)


@pytest.mark.parametrize("value", [*OUTSIDE, *UNREADABLE, *UNSENDABLE], ids=ascii)
def test_an_invalid_status_is_refused_where_it_is_set(value: Any) -> None:
    """The constructor and both attributes raise `ValueError`, and the response keeps its status."""
    for body in ("text", ["a", "b"]):
        with pytest.raises(ValueError, match="status of a response"):
            Response(body, value)
    for response in (Response("a"), text_response("a")):
        for name in ("status", "status_code"):
            with pytest.raises(ValueError, match="status of a response"):
                setattr(response, name, value)
        assert (response.status, response.status_code) == ("200 OK", 200)


@pytest.mark.parametrize("value", NEITHER, ids=repr)
def test_a_status_of_another_type_is_refused(value: Any) -> None:
    """What is neither a number nor a text is a `TypeError` that names the type."""
    with pytest.raises(TypeError, match=f"not a '{type(value).__name__}'"):
        Response("a", value)
    with pytest.raises(TypeError, match="a line such as '404 Not Found'"):
        Response("a").status = value


def test_the_error_contains_the_cure() -> None:
    """The error has the value, and what is allowed."""
    with pytest.raises(ValueError, match=r"^1000 is not the status.* a code from 200 to 599, such as 404"):
        Response("a", 1000)
    with pytest.raises(ValueError, match=r"contains '\\n' at index 1: newlines and other control characters"):
        Response("a", "200 a\nb")


def test_a_default_status_of_a_class_is_checked() -> None:
    """A subclass cannot have an invalid status by default."""

    class Odd(Response):
        default_status = 1000

    with pytest.raises(ValueError, match="1000 is not the status"):
        Odd("a")
