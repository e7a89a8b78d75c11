"""Pages after or before an item, by the values of the columns that they are ordered by."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.sql.operators import asc_op, desc_op

from cocopot import has_request_context, request
from cocopot.exceptions import BadRequest
from cocopot_sqlalchemy.pagination import per_page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

T = TypeVar("T")

#: How a value of a type is read from the text that `str` or `isoformat` makes of it.
_READERS: dict[type, Callable[[str], object]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
    bytes: bytes.fromhex,
}
#: The types that a token holds as they are.
_PLAIN = (int, str, float, bool)
#: A longer token is not read.
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[T]):
    """A page of items, and the tokens of the pages beside it.

    Args:
        items: The items.
        per_page: The most items of a page.
        next: The token of the page after this one, for `after`, or `None`.
        previous: The token of the page before this one, for `before`, or `None`.
    """

    items: list[T]
    per_page: int
    next: str | None
    previous: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def has_next(self) -> bool:
        """Whether there is a page after this one."""
        return self.next is not None

    @property
    def has_prev(self) -> bool:
        """Whether there is a page before this one."""
        return self.previous is not None


@dataclass(frozen=True, slots=True)
class _Key:
    """A column of the order."""

    column: ColumnElement[Any]
    is_descending: bool

    def order(self, *, is_reversed: bool) -> ColumnElement[Any]:
        return self.column.desc() if self.is_descending != is_reversed else self.column.asc()

    def beyond(self, value: object, *, is_reversed: bool) -> ColumnElement[bool]:
        return self.column < value if self.is_descending != is_reversed else self.column > value


def keyset_page(
    session: Session,
    statement: Select[Any],
    keys: Sequence[Any],
    *,
    after: str | None,
    before: str | None,
    per_page: int | None,
    max_per_page: int,
) -> KeysetPage[Any]:
    """Return a page; see `Lookups.paginate_by_key`."""
    parsed = [_parse(key) for key in keys]
    if not parsed:
        raise ValueError("paginate_by_key: give the columns of the order, such as [Note.id].")
    size = per_page_of(per_page, max_per_page)
    if after is None and before is None and has_request_context():
        after, before = request.args.get("after"), request.args.get("before")
    is_reversed, token = (False, after) if after is not None else (before is not None, before)
    if token is not None:
        values = _read(token, parsed)
        statement = statement.where(_beyond(parsed, values, is_reversed=is_reversed))
    statement = statement.order_by(None).order_by(*(key.order(is_reversed=is_reversed) for key in parsed))
    rows = list(
        session.execute(statement.add_columns(*(key.column for key in parsed)).limit(size + 1)).unique()
    )
    has_more = len(rows) > size
    rows = rows[:size]
    if is_reversed:
        rows.reverse()
    has_next = has_more if not is_reversed else bool(rows)
    has_previous = has_more if is_reversed else token is not None and bool(rows)
    return KeysetPage(
        [row[0] for row in rows],
        size,
        _token(rows[-1], parsed) if has_next else None,
        _token(rows[0], parsed) if has_previous else None,
    )


def _parse(key: Any) -> _Key:
    modifier = getattr(key, "modifier", None)
    if modifier in {asc_op, desc_op}:
        return _Key(key.element, modifier is desc_op)
    return _Key(key, is_descending=False)


def _beyond(keys: list[_Key], values: list[object], *, is_reversed: bool) -> ColumnElement[bool]:
    """Return the condition of the rows after a row: by the first key, or if it is equal by the next."""
    conditions = []
    for number, key in enumerate(keys):
        equal = [other.column == value for other, value in zip(keys[:number], values, strict=False)]
        conditions.append(and_(*equal, key.beyond(values[number], is_reversed=is_reversed)))
    return or_(*conditions)


def _token(row: Any, keys: list[_Key]) -> str:
    values = list(row)[-len(keys) :]
    if None in values:
        raise ValueError(
            "paginate_by_key: a column of the order is NULL in an item. Use columns that are never NULL, "
            "such as func.coalesce(Note.title, '')."
        )
    text = json.dumps([_write(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _write(value: object) -> object:
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, (datetime, date, time)) else str(value)


def _read(token: str, keys: list[_Key]) -> list[object]:
    """Return the values of a token.

    Raises:
        BadRequest: It is not one of these keys.
    """
    try:
        return _decode(token, keys)
    except (ValueError, ArithmeticError, RecursionError):
        raise BadRequest("This link to a page of a list is not valid.") from None


def _decode(token: str, keys: list[_Key]) -> list[object]:
    if len(token) > _LONGEST:
        raise ValueError
    values = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    if type(values) is not list or len(values) != len(keys):
        raise ValueError
    return [_read_value(value, key) for value, key in zip(values, keys, strict=True)]


def _read_value(value: object, key: _Key) -> object:
    try:
        cls = key.column.type.python_type
    except NotImplementedError:  # the type of a function is not always known
        cls = object
    reader = _READERS.get(cls)
    if reader is not None:
        if not isinstance(value, str):
            raise ValueError
        return reader(value)
    if cls is float and type(value) is int:
        return float(value)
    expected = (cls,) if cls in _PLAIN else _PLAIN
    if type(value) not in expected or (type(value) is int and not -(2**63) <= value < 2**63):
        raise ValueError
    return value
