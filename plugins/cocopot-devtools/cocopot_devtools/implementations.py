"""Source code of hook implementations for a new plugin, generated from the contract."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import TYPE_CHECKING

from cocopot import PluginManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: The longest line of the code, as in the project's settings for ruff.
LINE_LENGTH = 110
#: Every hook and its specification, in the order of the contract.
HOOKS: dict[str, Callable[..., object]] = PluginManager().specifications()

#: Names of the contract that a plugin imports from elsewhere, or by another name: module, and name there.
_PUBLIC = {
    "Cocopot": ("cocopot", "Cocopot"),
    "Finding": ("cocopot.cli", "Finding"),
    "PluginManager": ("cocopot", "PluginManager"),
    "Request": ("cocopot", "Request"),
    "Response": ("cocopot", "Response"),
    "ResponseValue": ("cocopot", "ResponseValue"),
    "BuildError": ("werkzeug.routing", "BuildError"),
    "WSGIApplication": ("wsgiref.types", "WSGIApplication"),
}
_ROUTE = '''\
blueprint = Blueprint("{name}", __name__)


@blueprint.get("/{name}")
def greet() -> str:
    """Return a greeting."""
    return {greeting}'''
_ROUTE_TEST = '''\
def test_answers(client: Client) -> None:
    """The plugin adds a route."""
    assert client.get("/{name}").text == "Hello, world."'''
_SETTING_TEST = '''\
def test_setting(app: Cocopot) -> None:
    """The plugin's setting has a default."""
    assert app.config["{key}"] == "Hello"'''
_ROUTE_SETTING_TEST = '''\
def test_setting_is_obeyed(app: Cocopot, client: Client) -> None:
    """The application may change what the plugin answers."""
    app.config["{key}"] = "Good morning"
    assert client.get("/{name}").text == "Good morning, world."'''


class Implementations:
    """Implementations of some hooks, none of which changes anything.

    `cocopot_setup` adds a route, and `cocopot_config_defaults` a setting for its text.

    Args:
        name: The plugin's name.
        hooks: The hooks, in any order.
    """

    def __init__(self, name: str, hooks: Iterable[str]) -> None:
        selected = set(hooks)
        self.hooks = [hook for hook in HOOKS if hook in selected]
        self.name = name
        self.key = f"{name.replace('-', '_').upper()}_GREETING"
        self.has_route = "cocopot_setup" in selected
        self.has_setting = "cocopot_config_defaults" in selected

    def module(self) -> str:
        """Return the code of the plugin's module, without its docstring."""
        begin = f"{self._imports()}\n\n{self._route()}" if self.has_route else self._imports()
        return "\n\n\n".join([begin, *map(self._implementation, self.hooks)])

    def tests(self) -> str:
        """Return the code of tests of the route and the setting, if there are any."""
        tests = [_ROUTE_TEST] * self.has_route + [_SETTING_TEST] * self.has_setting
        tests += [_ROUTE_SETTING_TEST] * (self.has_route and self.has_setting)
        return "\n\n\n".join(test.format(name=self.name, key=self.key) for test in tests)

    def example(self) -> str:
        """Return an application that uses the plugin, and demonstrates it."""
        shown = f'assert "{self.name}" in [record.name for record in app.plugins.records("plugin")]'
        if self.has_route:
            shown = f'assert app.test_client().get("/{self.name}").text == "Hello, world."'
        return f"from cocopot import Cocopot\n\napp = Cocopot(__name__)\n\n{shown}"

    def _route(self) -> str:
        greeting = '"Hello, world."'
        if self.has_setting:
            greeting = f"f\"{{current_app.config['{self.key}']}}, world.\""
        return _ROUTE.format(name=self.name, greeting=greeting)

    def _implementation(self, hook: str) -> str:
        signature = inspect.signature(HOOKS[hook])
        lines = ["@hookimpl", _definition(hook, signature), f'    """{summary(hook)}"""']
        if hook == "cocopot_setup":
            lines.append("    app.register_blueprint(blueprint)")
        elif hook == "cocopot_config_defaults":
            lines.append(f'    return {{"{self.key}": "Hello"}}')
        elif signature.return_annotation != "None":
            lines.append("    return None")
        return "\n".join(lines)

    def _imports(self) -> str:
        """Return the import statements, sorted as ruff sorts them."""
        used = {name for hook in self.hooks for name in _names(HOOKS[hook])}
        for_typing = [_IMPORTS[name] for name in used if name in _IMPORTS]
        now = [("cocopot", "hookimpl")]
        if self.has_route:
            now.append(("cocopot", "Blueprint"))
            now += [("cocopot", "current_app")] if self.has_setting else []
        now += [origin for origin in for_typing if origin[0] == "typing"]
        later = [origin for origin in for_typing if origin[0] != "typing"]
        now += [("typing", "TYPE_CHECKING")] if later else []
        blocks = ["from __future__ import annotations", *_statements(now)]
        if later:
            lines = "\n\n".join(_statements(later)).splitlines()
            blocks.append(
                "\n".join(["if TYPE_CHECKING:", *(f"    {line}" if line else "" for line in lines)])
            )
        return "\n\n".join(blocks)


def summary(hook: str) -> str:
    """Return the summary of a hook in the contract."""
    return " ".join((inspect.getdoc(HOOKS[hook]) or "").partition("\n\n")[0].split())


def _definition(hook: str, signature: inspect.Signature) -> str:
    arguments = ", ".join(f"{p.name}: {_public(p.annotation)}" for p in signature.parameters.values())
    returns = _public(signature.return_annotation)
    line = f"def {hook}({arguments}) -> {returns}:"
    return line if len(line) <= LINE_LENGTH else f"def {hook}(\n    {arguments}\n) -> {returns}:"


def _public(annotation: str) -> str:
    """Return an annotation of the contract as it is written in a plugin."""
    return re.sub(r"\b[A-Z]\w*", lambda match: _PUBLIC.get(match[0], ("", match[0]))[1], annotation)


def _names(function: Callable[..., object]) -> set[str]:
    """Return the names in the annotations of a specification."""
    annotations: dict[str, str] = inspect.get_annotations(function)
    return {
        node.id
        for text in annotations.values()
        for node in ast.walk(ast.parse(text, mode="eval"))
        if isinstance(node, ast.Name)
    }


def _read_imports() -> dict[str, tuple[str, str]]:
    """Return for each name that the contract imports its module, and its name there; empty for a module."""
    found: dict[str, tuple[str, str]] = {}
    for module in {specification.__module__ for specification in HOOKS.values()}:
        for node in ast.walk(ast.parse(inspect.getsource(sys.modules[module]))):
            if isinstance(node, ast.Import):
                found |= {alias.name: (alias.name, "") for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {alias.name: (str(node.module), alias.name) for alias in node.names}
    return found | _PUBLIC


_IMPORTS = _read_imports()


def _statements(origins: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Return import statements in blocks: the standard library's, and the others."""
    for standard in (True, False):
        chosen = sorted({o for o in origins if _is_standard(o[0]) is standard}, key=_place)
        modules = [f"import {module}" for module, name in chosen if not name]
        names: dict[str, list[str]] = {}
        for module, name in chosen:
            if name:
                names.setdefault(module, []).append(name)
        lines = modules + [f"from {module} import {', '.join(names[module])}" for module in names]
        if lines:
            yield "\n".join(lines)


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _place(origin: tuple[str, str]) -> tuple[str, bool, bool, str]:
    """Return the key by which ruff sorts imports: module, then constants, classes, other names."""
    module, name = origin
    return module, not name.isupper(), name[:1].islower(), name
