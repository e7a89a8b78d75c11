"""The status of a response, as a line and a code.

It differs from Werkzeug's on purpose: a code outside 200 to 599 raises `ValueError`. Servers cannot send one:
granian ends, others send an invalid line. The codes 100 to 199 are not final (RFC 9110, 15.2), so that a
client would wait for another response.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.http import HTTP_STATUS_CODES

from cocopot.datastructures import check_text

if TYPE_CHECKING:
    from http import HTTPStatus

_LINE = re.compile(r"([2-5][0-9]{2})(?: (.*))?", re.DOTALL)


def _known_statuses() -> dict[int | str, tuple[str, int]]:
    """Return line and code for every status that Werkzeug defines, by code and by its usual spellings."""
    table: dict[int | str, tuple[str, int]] = {}
    for code, phrase in HTTP_STATUS_CODES.items():
        if 200 <= code <= 599:
            line = f"{code} {phrase.upper()}"
            table[code] = table[str(code)] = table[line] = line, code
            table[f"{code} {phrase}"] = f"{code} {phrase}", code
    return table


#: Line and code of the usual statuses; look up an exact `int` or `str`, as `True` and 200.0 are keys too.
STATUSES = _known_statuses()


def clean_status(value: int | str | HTTPStatus) -> tuple[str, int]:
    """Return the line and the code of a status.

    Args:
        value: A code; or a line, which is a code and a reason. A line without a reason gets the usual one.

    Raises:
        ValueError: The code is not one of a final response, or the reason must not reach a server.
        TypeError: It is neither a number nor a text.
    """
    if (type(value) is int or type(value) is str) and (known := STATUSES.get(value)) is not None:
        return known
    if isinstance(value, int):
        if (known := STATUSES.get(int(value))) is not None:  # such as a member of HTTPStatus
            return known
        text = str(int(value))
    elif isinstance(value, str):
        text = str.__str__(value).strip()
    else:
        raise TypeError(
            "The status of a response is a code such as 404 or a line such as '404 Not Found', "
            f"not a {type(value).__name__!r}: {value!r:.100}."
        )
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{value!r:.100} is not the status of a response. It is a code from 200 to 599, such as 404, "
            "or a line that begins with one, such as '404 Not Found' (RFC 9110, 15)."
        )
    code, reason = int(match[1]), match[2]
    if reason is None:
        return STATUSES.get(code) or (f"{code} UNKNOWN", code)
    check_text(reason, "The status of a response")
    return text, code
