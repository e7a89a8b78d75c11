"""Pages by their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import func, select

from cocopot import abort, has_request_context, request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

T = TypeVar("T")

#: The number of items of a page, unless it is passed.
PER_PAGE = 20
#: The largest number of a page: databases have offsets of 64 bits.
_MOST = 2**31


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of items.

    Args:
        items: The items.
        page: The number of the page, from 1.
        per_page: The most items of a page.
        total: The number of all items, or `None` if they were not counted.
        has_next: Whether there is a page after this one.
    """

    items: list[T]
    page: int
    per_page: int
    total: int | None
    has_next: bool

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def pages(self) -> int | None:
        """The number of pages, 1 if there are no items, or `None` if they were not counted."""
        return None if self.total is None else max(1, -(-self.total // self.per_page))

    @property
    def has_prev(self) -> bool:
        """Whether there is a page before this one."""
        return self.page > 1

    @property
    def prev_num(self) -> int | None:
        """The number of the page before this one, or `None`."""
        return self.page - 1 if self.has_prev else None

    @property
    def next_num(self) -> int | None:
        """The number of the page after this one, or `None`."""
        return self.page + 1 if self.has_next else None

    @property
    def first(self) -> int:
        """The position of the first item among all, from 1; 0 if the page is empty."""
        return (self.page - 1) * self.per_page + 1 if self.items else 0

    @property
    def last(self) -> int:
        """The position of the last item among all; 0 if the page is empty."""
        return self.first + len(self.items) - 1 if self.items else 0

    def iter_pages(
        self, *, left_edge: int = 2, left_current: int = 2, right_current: int = 4, right_edge: int = 2
    ) -> Iterator[int | None]:
        """Yield the numbers of pages for links, with `None` for those that are skipped.

        Args:
            left_edge: How many at the beginning.
            left_current: How many before this page.
            right_current: How many after this page.
            right_edge: How many at the end.
        """
        pages = self.page + self.has_next if self.pages is None else self.pages
        last = 0
        for number in range(1, pages + 1):
            is_edge = number <= left_edge or number > pages - right_edge
            if is_edge or self.page - left_current <= number <= self.page + right_current:
                if number > last + 1:
                    yield None
                yield number
                last = number


def page_of(
    session: Session,
    statement: Select[Any],
    *,
    page: int | None,
    per_page: int | None,
    max_per_page: int,
    error_out: bool,
    count: bool,
) -> Page[Any]:
    """Return a page; see `Lookups.paginate`."""
    number = _asked("page", 1, _MOST, is_strict=error_out) if page is None else page
    size = per_page_of(per_page, max_per_page)
    if number < 1:
        if error_out:
            abort(404)
        number = 1
    total = None
    if count:
        counted = statement.order_by(None).options().subquery()
        total = session.scalar(select(func.count()).select_from(counted)) or 0
        if not error_out:
            number = min(number, max(1, -(-total // size)))
    window = statement.limit(size + 1).offset((number - 1) * size)
    found = list(session.execute(window).unique().scalars())
    if not found and number > 1 and error_out:
        abort(404)
    return Page(found[:size], number, size, total, len(found) > size)


def per_page_of(per_page: int | None, max_per_page: int) -> int:
    """Return the number of items of a page: what is passed, or what the query string asks for.

    Args:
        per_page: What is passed, or `None`.
        max_per_page: The most that the query string may ask for.

    Raises:
        ValueError: What is passed is less than 1.
    """
    if per_page is None:
        return _asked("per_page", min(PER_PAGE, max_per_page), max_per_page, is_strict=False)
    if per_page < 1:
        raise ValueError(f"per_page is {per_page}: give 1 or more.")
    return per_page


def _asked(name: str, default: int, most: int, *, is_strict: bool) -> int:
    """Return a number of the query string; one that is not valid is a 404 if that is strict."""
    text = request.args.get(name) if has_request_context() else None
    if text is None:
        return default
    is_number = text.isascii() and text.isdecimal() and len(text) < 11
    number = int(text) if is_number else 0
    if number < 1 or (is_strict and number > most):
        return abort(404) if is_strict else default
    return min(number, most)
