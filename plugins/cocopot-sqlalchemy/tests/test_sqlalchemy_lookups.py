"""Objects or a 404, and pages of objects."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cocopot_jinja import Jinja
from cocopot_sqlalchemy import db, db_session
from databases.models import Base, Bird, Shelf, make_app
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from cocopot import Cocopot, render_template_string
from cocopot.exceptions import BadRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cocopot_sqlalchemy import KeysetPage


class Sighting(Base):
    """A row with keys of several types."""

    __tablename__ = "shop_sightings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seen: Mapped[datetime]
    weight: Mapped[Decimal]
    note: Mapped[str | None]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Cocopot]:
    app = make_app(tmp_path, Jinja)
    with app.app_context():
        db_session.add_all(Bird(id=number, name=f"bird {number:02}") for number in range(1, 46))
        db_session.commit()
    app.get("/")(lambda: "index")
    app.get("/shelf/<name>", endpoint="shelf")(lambda name: name)
    yield app
    db(app).close()


def ids(page: Any) -> list[int]:
    return [bird.id for bird in page]


BIRDS = select(Bird).order_by(Bird.id)


def test_get_or_404(app: Cocopot) -> None:
    """By primary key; the 404 may have a text."""
    with app.app_context():
        assert db().get_or_404(Bird, 7).name == "bird 07"
        with pytest.raises(NotFound) as caught:
            db().get_or_404(Bird, 99, description="No such bird.")
    assert caught.value.description == "No such bird."


def test_first_and_one_or_404(app: Cocopot) -> None:
    """The first, or the only one; also with a collection that is loaded by a join."""
    with app.app_context():
        shelf = Shelf(name="top", birds=db_session.scalars(select(Bird).limit(3)).all())
        db_session.add(shelf)
        db_session.commit()
        assert db().first_or_404(BIRDS.where(Bird.id > 20)).id == 21
        assert db().one_or_404(select(Bird).where(Bird.id == 3)).id == 3
        joined = select(Shelf).options(joinedload(Shelf.birds))
        assert len(db().one_or_404(joined).birds) == 3
        for statement in (BIRDS, BIRDS.where(Bird.id > 99)):
            with pytest.raises(NotFound):
                db().one_or_404(statement)
        with pytest.raises(NotFound):
            db().first_or_404(BIRDS.where(Bird.id > 99))


def test_pages_by_number(app: Cocopot) -> None:
    """A page knows its items, its neighbours, and the number of all."""
    with app.app_context():
        page = db().paginate(BIRDS, page=2)
        assert ids(page) == list(range(21, 41))
        assert (page.total, page.pages, page.first, page.last, len(page)) == (45, 3, 21, 40, 20)
        assert (page.has_prev, page.prev_num, page.has_next, page.next_num) == (True, 1, True, 3)
        last = db().paginate(BIRDS, page=3, count=False)
        assert (last.total, last.pages, last.has_next, last.next_num) == (None, None, False, None)
        assert ids(last) == list(range(41, 46))
        empty = db().paginate(BIRDS.where(Bird.id > 99))
        assert (empty.items, empty.total, empty.pages, empty.first, empty.last) == ([], 0, 1, 0, 0)


def test_numbers_of_links(app: Cocopot) -> None:
    """Links lead to the edges and to the neighbours; skipped ones are one None."""
    with app.app_context():
        page = db().paginate(BIRDS, page=10, per_page=2)
        assert list(page.iter_pages()) == [1, 2, None, 8, 9, 10, 11, 12, 13, 14, None, 22, 23]
        assert list(db().paginate(BIRDS).iter_pages()) == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (1, 20)),
        ("?page=2&per_page=5", (2, 5)),
        ("?per_page=1000", (1, 45)),
        ("?per_page=0", (1, 20)),
        ("?per_page=x", (1, 20)),
    ],
)
def test_the_query_string(app: Cocopot, query: str, expected: object) -> None:
    """It has the page and its size, which has a limit."""
    with app.test_request_context(f"/{query}"):
        page = db().paginate(BIRDS, max_per_page=100)
    assert (page.page, len(page)) == expected


@pytest.mark.parametrize("page", ["0", "-1", "x", "9", "1e3", "9" * 30, "\u0662", "2147483649"])
def test_what_is_not_a_page(app: Cocopot, page: str) -> None:
    """It is a 404."""
    with app.test_request_context(query_string={"page": page}), pytest.raises(NotFound):
        db().paginate(BIRDS)


def test_the_nearest_page(app: Cocopot) -> None:
    """Without `error_out` a page that does not exist is the nearest one."""
    for query, number in (("?page=99", 3), ("?page=x", 1), ("?page=0", 1)):
        with app.test_request_context(f"/{query}"):
            assert db().paginate(BIRDS, error_out=False).page == number
    with app.app_context(), pytest.raises(ValueError, match="1 or more"):
        db().paginate(BIRDS, per_page=0)


@pytest.mark.parametrize("keys", [[Bird.id], [Bird.id.desc()], [func.length(Bird.name).desc(), Bird.id]])
def test_pages_by_key(app: Cocopot, keys: list[Any]) -> None:
    """Forward through all pages, and back, each item is in one page, in order."""
    with app.app_context():
        expected = ids(db_session.scalars(select(Bird).order_by(*keys)))
        pages: list[KeysetPage[Bird]] = [db().paginate_by_key(select(Bird), keys, per_page=10)]
        while pages[-1].next is not None:
            pages.append(db().paginate_by_key(select(Bird), keys, after=pages[-1].next, per_page=10))
        assert [number for page in pages for number in ids(page)] == expected
        assert (len(pages), pages[0].has_prev, pages[-1].has_next) == (5, False, False)
        page = pages[-1]
        for other in reversed(pages[:-1]):
            page = db().paginate_by_key(select(Bird), keys, before=page.previous, per_page=10)
            assert ids(page) == ids(other)
            assert page.next == other.next
        assert page.previous is None


def test_rows_that_are_added(app: Cocopot) -> None:
    """A row that is added before a page moves no item to another one."""
    with app.app_context():
        first = db().paginate_by_key(select(Bird), [Bird.id.desc()], per_page=10)
        db_session.add(Bird(id=100, name="new"))
        db_session.flush()
        second = db().paginate_by_key(select(Bird), [Bird.id.desc()], per_page=10, after=first.next)
        assert ids(second) == list(range(35, 25, -1))


def test_types_of_keys(app: Cocopot) -> None:
    """A key may be a date, a decimal, a UUID or a text; one that is NULL is an error."""
    with app.app_context():
        db_session.add_all(
            Sighting(
                id=UUID(int=number),
                seen=datetime(2026, 1, 1 + number // 3, tzinfo=UTC).replace(tzinfo=None),
                weight=Decimal(number % 3) / 4,
                note="ä" if number else None,
            )
            for number in range(9)
        )
        db_session.commit()
        orders: list[list[Any]] = [
            [Sighting.seen.desc(), Sighting.weight],
            [Sighting.id],
            [func.coalesce(Sighting.note, ""), Sighting.id],
        ]
        for keys in orders:
            seen: list[Any] = []
            token = None
            while True:
                page = db().paginate_by_key(select(Sighting), keys, per_page=2, after=token)
                seen += page.items
                token = page.next
                if token is None:
                    break
            assert seen == db_session.scalars(select(Sighting).order_by(*keys)).all()
        with pytest.raises(ValueError, match="NULL"):
            db().paginate_by_key(select(Sighting), [Sighting.note], per_page=1)
        with pytest.raises(ValueError, match="give the columns"):
            db().paginate_by_key(select(Sighting), [])


def token_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


JSON = st.recursive(st.none() | st.integers() | st.text(), st.lists)


@given(st.text(max_size=80) | JSON.map(token_of))
def test_any_token(text: str) -> None:
    """Whatever a client sends for a token is values of the types of the columns, or a 400."""
    from cocopot_sqlalchemy.keyset import _parse, _read

    try:
        values = _read(text, [_parse(Bird.id), _parse(Bird.name.desc())])
    except BadRequest:
        return
    assert [type(value) for value in values] == [int, str]


@pytest.mark.parametrize("token", ["x", "W10", token_of(["a"]), token_of([2**64]), token_of([True])])
def test_a_token_that_is_not_valid(app: Cocopot, token: str) -> None:
    """It is a 400."""
    query = f"after={token}"
    with app.test_request_context(f"/?{query}"), pytest.raises(BadRequest):
        db().paginate_by_key(select(Bird), [Bird.id])


TEMPLATE = '{% from "sqlalchemy/pagination.html" import pagination with context %}{{ pagination(page) }}'


def test_the_macro_by_number(app: Cocopot) -> None:
    """It has links to the other pages, which keep the rest of the URL."""
    with app.test_request_context("/shelf/top?page=2&q=a%26b"):
        html = render_template_string(TEMPLATE, page=db().paginate(BIRDS))
    assert '<a rel="prev" href="/shelf/top?page=1&amp;q=a%26b">Previous</a>' in html
    assert '<span aria-current="page">2</span>' in html
    assert '<a href="/shelf/top?page=3&amp;q=a%26b">3</a>' in html
    with app.test_request_context("/"):
        assert render_template_string(TEMPLATE, page=db().paginate(BIRDS, per_page=100)).strip() == ""


def test_the_macro_by_key(app: Cocopot) -> None:
    """It has links to the page before and after."""
    with app.test_request_context("/?q=a"):
        page = db().paginate_by_key(select(Bird), [Bird.id])
        html = render_template_string(TEMPLATE, page=page)
        assert f'<a rel="next" href="/?q=a&amp;after={page.next}">Next</a>' in html
        assert "Previous" not in html
    with app.test_request_context(f"/?q=a&after={page.next}"):
        page = db().paginate_by_key(select(Bird), [Bird.id])
        html = render_template_string(TEMPLATE, page=page)
        assert f"before={page.previous}" in html
        assert f"after={page.next}" in html
