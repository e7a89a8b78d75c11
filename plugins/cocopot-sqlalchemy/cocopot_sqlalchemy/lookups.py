"""Functions for views: an object or a 404, and pages of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import MultipleResultsFound, NoResultFound

from cocopot import abort
from cocopot_sqlalchemy.keyset import KeysetPage, keyset_page
from cocopot_sqlalchemy.pagination import Page, page_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")


class Lookups:
    """The part of `Database` that looks objects up for views."""

    @property
    def session(self) -> Session:
        """The session of the current context."""
        raise NotImplementedError

    def get_or_404(self, entity: type[T], ident: Any, *, description: str | None = None, **options: Any) -> T:
        """Return the object with a primary key, or abort with 404.

        Args:
            entity: The class.
            ident: The primary key: a value, or a tuple or mapping of several.
            description: The text of the 404.
            options: Those of SQLAlchemy's `Session.get`, such as `options` or `with_for_update`.

        Raises:
            NotFound: There is none.
        """
        found = self.session.get(entity, ident, **options)
        return abort(404, description) if found is None else found

    def first_or_404(self, statement: Select[T], *, description: str | None = None) -> T:
        """Return the first object or value that a `select()` finds, or abort with 404.

        Args:
            statement: The statement; give it an order.
            description: The text of the 404.

        Raises:
            NotFound: It finds none.
        """
        found = self.session.execute(statement.limit(1)).unique().first()
        return abort(404, description) if found is None else found[0]

    def one_or_404(self, statement: Select[T], *, description: str | None = None) -> T:
        """Return the only object or value that a `select()` finds, or abort with 404.

        Args:
            statement: The statement.
            description: The text of the 404.

        Raises:
            NotFound: It finds none, or several.
        """
        try:
            return self.session.execute(statement).unique().scalar_one()
        except (NoResultFound, MultipleResultsFound):
            return abort(404, description)

    def paginate(
        self,
        statement: Select[T],
        *,
        page: int | None = None,
        per_page: int | None = None,
        max_per_page: int = 100,
        error_out: bool = True,
        count: bool = True,
    ) -> Page[T]:
        """Return a page of what a `select()` finds, by its number.

        Args:
            statement: The statement, with an order.
            page: Number of the page, from 1; by default `page` of the query string of the request.
            per_page: Number of items; by default `per_page` of the query string, or else 20.
            max_per_page: The most items that the query string may ask for.
            error_out: Whether a page that does not exist is a 404; without it, it is the nearest, or empty.
            count: Whether to count all items, which takes a statement more.

        Raises:
            NotFound: The page does not exist, or its number is not one.
        """
        return page_of(
            self.session,
            statement,
            page=page,
            per_page=per_page,
            max_per_page=max_per_page,
            error_out=error_out,
            count=count,
        )

    def paginate_by_key(
        self,
        statement: Select[T],
        keys: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
        *,
        after: str | None = None,
        before: str | None = None,
        per_page: int | None = None,
        max_per_page: int = 100,
    ) -> KeysetPage[T]:
        """Return a page of what a `select()` finds, after or before an item: as quick for the last page.

        Args:
            statement: The statement, without an order.
            keys: The columns of the order, which together identify an item and are never NULL, such as
                `[Note.created.desc(), Note.id.desc()]`.
            after: The `next` of another page; by default `after` of the query string of the request.
            before: The `previous` of another page; by default `before` of the query string.
            per_page: Number of items; by default `per_page` of the query string, or else 20.
            max_per_page: The most items that the query string may ask for.

        Raises:
            BadRequest: `after` or `before` is not from a page with these keys.
            ValueError: There are no keys, or one is NULL in an item.
        """
        return keyset_page(
            self.session,
            statement,
            keys,
            after=after,
            before=before,
            per_page=per_page,
            max_per_page=max_per_page,
        )
