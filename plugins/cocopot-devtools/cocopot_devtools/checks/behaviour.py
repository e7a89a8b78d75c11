"""Checks that a plugin works in two applications of one process, and in their requests."""

from __future__ import annotations

import io
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot, PluginError, send_file
from cocopot_devtools.checks.loading import contract_message
from cocopot_devtools.checks.subjects import describe, with_specifiers
from cocopot_devtools.checks.trials import BASE, ProbeError, ProbePlugin, RequestScenarios, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cocopot_devtools.checks.subjects import PluginUnderTest

#: Types of values that two applications may share.
_IMMUTABLE = (str, bytes, int, float, complex, tuple, frozenset, type, type(None), ModuleType)
#: A file that is not read before it is sent.
_LARGE = bytes(100_000)


def check_behaviour(subject: PluginUnderTest) -> None:
    """Load the plugin in two applications, and send them requests."""
    before = _bindings(subject)
    subject.step("an application was created with it")
    first = _make(subject, "CP204", "It")
    if first is None:
        return
    subject.step("a second application was created in the same process")
    second = _make(subject, "CP305", "In a second application it")
    subject.facts["set up"] = True
    _check_declarations(subject, first)
    if not _start(subject, first, "CP205", ""):
        return
    subject.facts["started"] = True
    _check_extensions(subject, first)
    RequestScenarios(subject, first).run()
    if second is not None and _start(subject, second, "CP305", "In a second application, "):
        _compare(subject, first, second)
    _check_bindings(subject, before)


def make_app(subject: PluginUnderTest, *plugins: object, without: bool = False) -> Cocopot:
    """Return an application with some views, with the plugin and all that it requires.

    Args:
        subject: The plugin.
        plugins: Other plugins to load.
        without: Whether to load only what the plugin requires, and not the plugin itself.
    """
    names, _ = with_specifiers(subject.plugin)
    app = Cocopot(
        "cocopot_check",
        root_path=subject.folder,
        instance_path=subject.folder,
        autoload=names - {subject.plugin} if without else names,
        plugins=plugins,
    )
    app.config.update(
        {
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "SECRET_KEY": "a key of the check, which signs nothing of value",
            **subject.config,
        }
    )
    _add_views(app)
    return app


def _add_views(app: Cocopot) -> None:
    def stream() -> Iterator[str]:
        yield "one "
        yield "two"

    def fail() -> str:
        raise ProbeError

    views: dict[str, Callable[[], Any]] = {
        "text": lambda: "text",
        "json": lambda: {"a": 1},
        "stream": stream,
        "file": lambda: send_file(io.BufferedReader(io.BytesIO(_LARGE)), mimetype="application/octet-stream"),
        "fails": fail,
    }
    for name, view in views.items():
        methods = ["GET", "POST"] if name == "text" else ["GET"]
        app.add_url_rule(f"{BASE}/{name}", f"cocopot-check {name}", view, methods=methods)


def _make(subject: PluginUnderTest, code: str, who: str) -> Cocopot | None:
    try:
        return make_app(subject, ProbePlugin())
    except BaseException as error:  # noqa: BLE001 - whatever it is, is the finding
        cause = error.__cause__ if isinstance(error, PluginError) and error.__cause__ is not None else error
        text = contract_message(subject, error) if isinstance(error, PluginError) else describe(error)
        message = text if text.startswith("It ") else f"It raises {text}"
        subject.find(code, f"{who}{message.removeprefix('It')}", subject.place_of(cause))
        return None


def _start(subject: PluginUnderTest, app: Cocopot, code: str, where: str) -> bool:
    subject.step("cocopot_startup ran")
    try:
        app.start()
    except BaseException as error:  # noqa: BLE001 - whatever it is, is the finding
        refuses = isinstance(error, PluginError) and code == "CP205"
        message = f"{where}cocopot_startup raises {describe(error)}"
        subject.find("CP206" if refuses else code, message, subject.place_of(error))
        return False
    return True


def _check_declarations(subject: PluginUnderTest, app: Cocopot) -> None:
    """Record which configuration keys the plugin declares itself."""
    declared: set[str] = set()
    for impl in app.plugins.call_order("cocopot_config_defaults"):
        if impl.plugin_name == subject.plugin and not (impl.wrapper or impl.hookwrapper):
            found = app.plugins.call_implementations("cocopot_config_defaults", [impl], app=app)
            declared.update(key for defaults in found for key in defaults)
            subject.facts["declared at"] = subject.place_of_function(impl.function)
    subject.facts["declared"] = sorted(declared)


def _check_extensions(subject: PluginUnderTest, app: Cocopot) -> None:
    names = {record.name for record in app.plugins.records("plugin")}
    for key in sorted(set(map(str, app.extensions)) - names):
        subject.find("CP304", f"It keeps state in app.extensions[{key!r}], which is not its name.")


def _compare(subject: PluginUnderTest, first: Cocopot, second: Cocopot) -> None:
    """Send the second application a request, and compare its routes and state with those of the first."""
    RequestScenarios(subject, second).request(
        Scenario("CP305", "a request to a second application", f"{BASE}/text")
    )
    missing = sorted(_routes(first) ^ _routes(second))
    if missing:
        message = f"Two applications do not get the same routes: only one has {', '.join(missing)}."
        subject.find("CP305", message)
    for name in {subject.plugin} & first.extensions.keys() & second.extensions.keys():
        state = first.extensions[name]
        if state is second.extensions[name] and not isinstance(state, _IMMUTABLE):
            kind = type(state).__name__
            subject.find("CP306", f"Two applications share app.extensions[{name!r}], an object of {kind}.")
    second.close()


def _routes(app: Cocopot) -> set[str]:
    return {f"{rule.rule} ({rule.endpoint})" for rule in app.router.iter_rules()}


# -------------------------------------------------------------------------
# State in modules and objects
# -------------------------------------------------------------------------


def _bindings(subject: PluginUnderTest) -> dict[str, list[object]]:
    """Return the values of the plugin's modules, and of the plugin itself if it is an object."""
    point = subject.candidate.entry_point
    plugin = None if point is None else point.load()
    owners: dict[str, object] = {
        name: module
        for name, module in list(sys.modules.items())
        if subject.owns(getattr(module, "__file__", None) or "")
    }
    if plugin is not None and not isinstance(plugin, (type, ModuleType)):
        owners[f"the plugin object {subject.candidate.value}"] = plugin
    return {
        f"{owner}.{name}": [value, *_items(value)]
        for owner, holder in owners.items()
        for name, value in getattr(holder, "__dict__", {}).items()
        if not name.startswith("__") and not isinstance(value, ModuleType)
    }


def _items(value: object) -> list[object]:
    if type(value) is dict:
        return [*value, *value.values()]
    return [*value] if type(value) is list or type(value) is set else []


def _check_bindings(subject: PluginUnderTest, before: Mapping[str, list[object]]) -> None:
    after = _bindings(subject)
    for name in sorted(before.keys() & after.keys()):
        if [*map(id, before[name])] != [*map(id, after[name])]:
            subject.find("CP306", f"{name} is changed while an application runs.")
