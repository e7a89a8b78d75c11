"""`cocopot_message_flashed`: a message has been stored for the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import flash, get_flashed_messages, hookimpl
from tests.hooks.drivers import plugin
from tests.signed_cookies import Shop

if TYPE_CHECKING:
    from types import ModuleType

HOOK = "cocopot_message_flashed"


def recorder(seen: list[str]) -> ModuleType:
    """Return a plugin that records the texts of messages."""

    def record(message: str) -> None:
        seen.append(message)

    return plugin("recorder", HOOK, record)


def test_fires_for_each_message() -> None:
    """It gets the application, the text and the category, and the message is stored already."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_message_flashed(self, app: Any, message: str, category: str) -> None:
            seen.append((app, message, category, get_flashed_messages(with_categories=True)[-1]))

    app = Shop(plugins=[Plugin])
    with app.test_request_context("/"):
        flash("Saved.")
    with app.test_request_context("/"):
        flash("Full.", "warning")
    assert seen == [
        (app, "Saved.", "message", ("message", "Saved.")),
        (app, "Full.", "warning", ("warning", "Full.")),
    ]


def test_fires_in_an_application_context_of_a_request() -> None:
    """It fires wherever the session of a request is available."""
    seen: list[str] = []
    app = Shop(plugins=[recorder(seen)])
    with app.test_request_context("/"), app.app_context():
        flash("Saved.")
    assert seen == ["Saved."]


def test_does_not_fire_without_a_session() -> None:
    """A message that could not be stored has not been flashed."""
    seen: list[str] = []
    app = Shop(plugins=[recorder(seen)])
    app.secret_key = None
    with app.test_request_context("/"), pytest.raises(RuntimeError):
        flash("Saved.")
    assert seen == []


def test_an_exception() -> None:
    """What it raises leaves `flash` with the plugin's name, and the message remains stored."""

    def broken() -> None:
        raise ValueError("broken")

    app = Shop(plugins=[plugin("broken", HOOK, broken)])
    with app.test_request_context("/"):
        with pytest.raises(ValueError, match="broken") as caught:
            flash("Saved.")
        assert get_flashed_messages() == ["Saved."]
    assert caught.value.__notes__[0] == "Raised by plugin 'broken' in hook cocopot_message_flashed."
