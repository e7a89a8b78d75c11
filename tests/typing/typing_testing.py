"""Typed tests, as the author of a plugin writes them; read by mypy, not run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

from cocopot import Cocopot
from cocopot.testing import (
    Client,
    CliRunner,
    HookCallRecord,
    Recorder,
    assert_hook_order,
    installed_plugin,
    make_app,
    recorder,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Plugin:
    """Any object may be a plugin."""


def test_application() -> None:
    app = make_app(Plugin, Plugin(), autoload={"session"}, config={"A": 1}, static_folder=None)
    assert_type(app, Cocopot)
    assert_type(make_app(autoload=True), Cocopot)
    assert_hook_order(app, "cocopot_before_request", "session", "login")
    with recorder(app) as recorded:
        assert_type(recorded, Recorder)
    assert_type(recorded.calls, list[HookCallRecord])
    assert_type(recorded.of("cocopot_setup"), list[str])


def test_installed() -> None:
    with installed_plugin("a", "", modules={"b": ""}, dependencies=["c>=1"]) as plugin:
        assert_type(plugin.path, Path)
    with installed_plugin({"a": "m:A", "b": "m:B"}, "", distribution="m", version="1"):
        make_app(autoload=["a"])


def test_fixtures(
    app: Cocopot, client: Client, runner: CliRunner, hook_recorder: Recorder, cocopot_config: dict[str, Any]
) -> None:
    assert_type(client.get("/").status_code, int)
    runner.invoke(args=["greet"])
    assert hook_recorder.hooks


def observe(app: Cocopot) -> Callable[[], None]:
    def slow(call: HookCallRecord) -> None:
        assert_type(call.duration, float)
        assert_type(call.exception, BaseException | None)

    return app.plugins.observe(slow)
