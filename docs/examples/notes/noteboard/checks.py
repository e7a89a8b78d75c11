"""Validation of the data that clients send; each error is reported under the name of its field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.exceptions import UnprocessableEntity

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The maximum number of characters of a field.
LIMITS = {"title": 200, "body": 20_000}


class Invalid(UnprocessableEntity):
    """The data is well-formed, but invalid (status 422).

    Args:
        errors: The error of each invalid field.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field} {error}" for field, error in errors.items()))
        self.errors = errors


def whole_note(data: object) -> dict[str, str]:
    """Return title and body of a new or replaced note.

    Raises:
        Invalid: If a field is invalid.
    """
    fields = partial_note({"body": "", "title": ""} | data if isinstance(data, dict) else data)
    return {"title": fields["title"], "body": fields["body"]}


def partial_note(data: object) -> dict[str, Any]:
    """Return title and body of a changed note; `None` for a field that was not sent.

    Raises:
        Invalid: If a field is invalid.
    """
    if not isinstance(data, dict):
        raise Invalid({"note": "must be a JSON object"})
    errors = {field: error for field, value in data.items() if (error := _error(field, value))}
    if errors:
        raise Invalid(errors)
    title = data.get("title")
    return {"title": title and title.strip(), "body": data.get("body")}


def _error(field: str, value: object) -> str | None:
    """Return the error of a field's value, or `None`."""
    if field not in LIMITS:
        return "is not a field of a note"
    if not isinstance(value, str):
        return "must be text"
    if not value.isascii() and not _is_unicode(value):
        return "must not contain half of a surrogate pair"
    if len(value) > LIMITS[field]:
        return f"must have at most {LIMITS[field]} characters"
    if field == "title" and not value.strip():
        return "must not be empty"
    return None


def _is_unicode(text: str) -> bool:
    """Whether a text can be stored: JSON strings may contain half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def number_of(args: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Return a number of the query string.

    Args:
        args: The query string's parameters.
        name: The parameter.
        default: The number if the parameter is missing.
        most: The maximum; the minimum is 1.

    Raises:
        Invalid: If it is not a number, or out of range.
    """
    text = args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise Invalid({name: f"must be a number from 1 to {most}"})
    return int(text)
