"""The teardown steps: what a request with teardown hooks calls; `test_lifecycle.py` has what they mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot, hookimpl

if TYPE_CHECKING:
    from types import FrameType


class Closer:
    """Implements the hooks of the kind "every" that a request has."""

    @hookimpl
    def cocopot_teardown_request(self) -> None:
        """End the request."""

    @hookimpl
    def cocopot_teardown_app_context(self) -> None:
        """End the application context."""


def test_the_calls_of_a_teardown() -> None:
    """A hook costs one call more than its implementations, in all hooks of the teardown together two."""
    app = Cocopot("closers", autoload=False, plugins=[Closer])
    app.add_url_rule("/", "index", lambda: "text")
    client, names = app.test_client(), list[str]()
    client.get("/")

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            names.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        client.get("/")
    finally:
        sys.setprofile(None)
    hooks = ["cocopot_teardown_request", "cocopot_teardown_app_context"]
    begin = names.index("tear_down")
    assert names[begin : begin + 5] == ["tear_down", *(name for hook in hooks for name in (hook, hook))]


@pytest.mark.parametrize("step", ["do_teardown_request", "do_teardown_appcontext"])
def test_an_overridden_step_is_called(step: str) -> None:
    """A step that a subclass overrides runs in place of the hook; the other one runs as it is."""
    calls: list[str] = []
    cls = type("Shop", (Cocopot,), {step: lambda *_: calls.append(step)})
    app = cls("shop", autoload=False)
    app.teardown_request(lambda exc: calls.append("do_teardown_request hook"))
    app.teardown_appcontext(lambda exc: calls.append("do_teardown_appcontext hook"))
    app.add_url_rule("/", "index", lambda: "text")
    app.test_client().get("/")
    steps = ["do_teardown_request", "do_teardown_appcontext"]
    assert calls == [name if name == step else f"{name} hook" for name in steps]
