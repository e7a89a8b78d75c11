"""`cocopot_template_rendered`: a template has been rendered."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import Cocopot, hookimpl, render_template_string, stream_template_string
from tests.hooks.drivers import plugin
from tests.hooks.support import app_with
from tests.template_engines import Braces

HOOK = "cocopot_template_rendered"


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def app(seen: list[Any]) -> Cocopot:
    class Plugin:
        @hookimpl
        def cocopot_template_rendered(self, app: Any, template: Any, context: Any) -> None:
            seen.append((app, template.name, context["bird"], context["place"]))

    return app_with(braces=Braces(), plugin=Plugin())


def test_fires_after_a_template(app: Cocopot, seen: list[Any]) -> None:
    """It gets all names that the template got."""
    app.context_processor(lambda: {"place": "here"})
    with app.app_context():
        render_template_string("{{ bird }}", bird="wren")
    assert seen == [(app, None, "wren", "here")]


def test_fires_at_the_end_of_a_stream(app: Cocopot, seen: list[Any]) -> None:
    """It fires when the last part has been produced, and not for a stream that is given up."""
    with app.test_request_context("/"):
        stream = stream_template_string("a{{ bird }}b", bird="wren", place="here")
        given_up = stream_template_string("a{{ bird }}b", bird="lark", place="here")
        next(stream)
        next(given_up)
        given_up.close()  # type: ignore[attr-defined]  # as a server does
        assert seen == []
        list(stream)
    assert seen == [(app, None, "wren", "here")]


def test_does_not_fire_for_an_error(app: Cocopot, seen: list[Any]) -> None:
    """A template that raises has not been rendered."""
    with app.app_context(), pytest.raises(KeyError):
        render_template_string("{{ missing }}")
    assert seen == []


@pytest.mark.parametrize(
    "render", [render_template_string, lambda text: "".join(stream_template_string(text))]
)
def test_an_exception(render: Any) -> None:
    """What it raises leaves the function that renders, or the stream, with the plugin's name."""

    def broken() -> None:
        raise ValueError("broken")

    app = app_with(braces=Braces(), broken=plugin("broken", HOOK, broken))
    with app.app_context(), pytest.raises(ValueError, match="broken") as caught:
        render("text")
    assert caught.value.__notes__[0] == "Raised by plugin 'broken' in hook cocopot_template_rendered."
