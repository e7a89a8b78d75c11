"""Flash messages: stored for the next page, shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cocopot import Response, flash, get_flashed_messages, session, stream_with_context
from tests.signed_cookies import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def app() -> Shop:
    app = Shop()

    @app.get("/flash")
    def flash_two() -> str:
        flash("Saved.")
        flash("Full.", "warning")
        return "flashed"

    return app


def test_shown_once(app: Shop) -> None:
    """The next page gets what was stored, in order and with categories; the page after it nothing."""
    client = app.test_client()
    client.get("/flash")
    client.get("/")  # does not ask for messages
    assert client.get("/messages").json == [["message", "Saved."], ["warning", "Full."]]
    assert client.get("/messages").json == []


@pytest.mark.parametrize(
    ("categories", "expected"),
    [((), ["Saved.", "Full."]), (["warning"], ["Full."]), ("warning", ["Full."]), (["error"], [])],
)
def test_categories(app: Shop, categories: list[str], expected: list[str]) -> None:
    """Messages can be filtered, with a list, or with the name of one category."""
    with app.test_request_context():
        flash("Saved.")
        flash("Full.", "warning")
        assert get_flashed_messages(category_filter=categories) == expected
        pairs = get_flashed_messages(with_categories=True, category_filter=categories)
        assert [message for _, message in pairs] == expected


def test_each_call_of_a_request(app: Shop) -> None:
    """Further calls in a request return the same; a message that is stored later is for the next page."""
    with app.test_request_context():
        flash("one")
        assert [get_flashed_messages(), get_flashed_messages()] == [["one"], ["one"]]
        flash("two")
        assert (get_flashed_messages(), session["_flashes"]) == (["one"], [("message", "two")])


def test_nothing_is_changed_without_messages(app: Shop) -> None:
    """To ask for messages, when there are none, leaves the session unmodified."""
    with app.test_request_context():
        assert (get_flashed_messages(), session.modified) == ([], False)


def test_in_an_application_context(app: Shop) -> None:
    """An application context inside the request has the messages of the request."""
    with app.test_request_context():
        flash("one")
        with app.app_context():
            assert get_flashed_messages() == ["one"]
        assert get_flashed_messages() == ["one"]


def test_in_a_stream(app: Shop) -> None:
    """After the head has been sent they cannot be removed, which raises instead of showing them twice."""

    @app.get("/late")
    def late() -> Iterator[str]:
        return stream_with_context(text for text in get_flashed_messages_later())

    def get_flashed_messages_later() -> Iterator[str]:
        yield from get_flashed_messages()

    client = app.test_client()
    assert client.get("/late").text == ""
    client.get("/flash")
    with pytest.raises(RuntimeError, match="Change the session before the response is returned"):
        client.get("/late")
    assert len(client.get("/messages").get_json()) == 2


def test_after_an_error(app: Shop) -> None:
    """The page of an error handler can store messages and show them."""

    @app.errorhandler(404)
    def missing(error: Exception) -> Response:
        flash("Nothing there.", "error")
        return Response(", ".join(get_flashed_messages()), 404)

    assert app.test_client().get("/nowhere").text == "Nothing there."
