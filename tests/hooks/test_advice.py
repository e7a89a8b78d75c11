"""Warnings about plugins that do nothing, or whose functions are misspelled."""

from __future__ import annotations

import logging
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, hookimpl
from cocopot.cli.plugin_reports import report_plugins
from cocopot.hooks.advice import plugin_warnings
from cocopot.testing import installed_plugin, make_app

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMING = """
    from cocopot import hookimpl

    class Timing:
        @hookimpl
        def cocopot_after_request(self, response): ...
"""


class Plain:
    """A class without hooks."""


class Requires:
    """A plugin that only requires others."""

    requires = ("other",)


class Misspelled:
    def cocopot_aftr_request(self, response: object) -> None: ...


class Unprefixed:
    def before_request(self) -> None: ...


class Half:
    """A plugin with one right function and one misspelled one."""

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None: ...

    def cocopot_befor_request(self) -> None: ...

    def cocopot(self) -> None: ...

    def helper(self) -> None: ...


def warning_of(plugin: object, caplog: pytest.LogCaptureFixture) -> str:
    """Return the warning that is logged when a plugin is loaded, without its subject."""
    with caplog.at_level(logging.WARNING, "cocopot.plugins"):
        app = make_app(plugin)
    [report] = [report for report in report_plugins(app.plugins) if report.position]
    [text] = caplog.messages
    assert text == f"Plugin {report.name!r} {report.warnings[0]}"
    return report.warnings[0]


@pytest.mark.parametrize(
    ("plugin", "cause"),
    [
        (Misspelled, "Its function 'cocopot_aftr_request' must be .* and be named 'cocopot_after_request'."),
        (Unprefixed(), "Its function 'before_request' must be .* and be named 'cocopot_before_request'."),
        (Blueprint("admin", __name__), r"A blueprint is registered with app.register_blueprint\(\)."),
        (
            ModuleType("empty"),
            "A hook is a function with the hook's name and the decorator @cocopot.hookimpl",
        ),
        (Plain, r"Did you mean the plugin 'tests.hooks.test_advice:Half'\?"),
    ],
)
def test_a_plugin_without_hooks(plugin: object, cause: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is loaded with a warning that has the probable cause, which `cocopot plugins` shows too."""
    assert re.match(f"implements no hook, so it does nothing. {cause}", warning_of(plugin, caplog))


def test_a_misspelled_function_beside_others(caplog: pytest.LogCaptureFixture) -> None:
    """A function that is named almost like a hook is reported; one with another name is not."""
    warning = warning_of(Half, caplog)
    assert warning == (
        "has a function 'cocopot_befor_request', which is not a hook. Did you mean 'cocopot_before_request'?"
    )


def test_a_plugin_that_requires_others_needs_no_hook(caplog: pytest.LogCaptureFixture) -> None:
    """It may exist to require others."""
    make_app(Requires, type("Other", (Half,), {"plugin_name": "other", "cocopot_befor_request": None}))
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("source", "modules", "hint"),
    [
        (TIMING, {}, "Did you mean the entry point 'cocopot_timing:Timing'?"),
        (f"{TIMING}\n    plugin = Timing()", {}, "'cocopot_timing:Timing' or 'cocopot_timing:plugin'?"),
        ("", {"cocopot_timing.hooks": TIMING}, "Did you mean the entry point 'cocopot_timing.hooks'?"),
        (
            "import cocopot_timing.hooks",
            {"cocopot_timing.hooks": TIMING},
            "Did you mean the entry point 'cocopot_timing.hooks:Timing'?",
        ),
    ],
)
def test_an_entry_point_to_the_wrong_object(
    source: str, modules: Mapping[str, str], hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The right one is looked for in the module, and in the modules of its package."""
    with installed_plugin("timing", source, modules=modules):
        make_app(autoload={"timing"})
    [text] = caplog.messages
    assert text.startswith("Plugin 'timing' (cocopot-timing 1.0.0, cocopot_timing) implements no hook")
    assert hint in text


def test_a_plugin_that_is_registered_later(caplog: pytest.LogCaptureFixture) -> None:
    """It is warned of, too."""
    app = make_app()
    app.plugins.register(Plain(), "late")
    assert caplog.messages[0].startswith("Plugin 'late' implements no hook")


def test_an_object_whose_attributes_raise() -> None:
    """What is beside a plugin in its module cannot break the search."""

    class Hostile:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __dir__(self) -> list[str]:
            raise RuntimeError

    class Lazy(Hostile):
        @property
        def __class__(self) -> Any:
            raise RuntimeError

        @__class__.setter
        def __class__(self, value: object) -> None: ...

    module = ModuleType("hostile")
    vars(module).update(one=Hostile(), lazy=Lazy())
    app = make_app()
    known = app.plugins.specified_hooks()
    [warning] = plugin_warnings(app.plugins, app.plugins.records()[0].candidate, module, known)
    assert warning.endswith("the decorator @cocopot.hookimpl.")


def test_a_misspelled_name_in_after() -> None:
    """It is shown by `cocopot plugins`, as it may also be the name of a plugin that is not installed."""
    half = {"cocopot_befor_request": None}
    shop = type("Shop", (Half,), {"plugin_name": "shop", "after": ("shpo2", "tea"), **half})
    tea = type("Tea", (Half,), {"plugin_name": "shop2", "after": ("metrics",), **half})
    reports = {report.name: report.warnings for report in report_plugins(make_app(shop, tea).plugins)}
    assert reports["shop"] == ("names 'shpo2' in after, which is not installed. Did you mean 'shop2'?",)
    assert reports["shop2"] == ()
