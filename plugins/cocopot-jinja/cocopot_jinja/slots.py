"""What fills slots, and which templates have them: read from the sources, without running them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import TemplateError, nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cocopot import Cocopot
    from cocopot_jinja.environment import Environment


@dataclass(slots=True)
class Slots:
    """The slots of some templates.

    Args:
        templates: The templates that have a slot, by its name.
        has_computed: Whether a template computes the name of a slot.
    """

    templates: dict[str, list[str]] = field(default_factory=dict)
    has_computed: bool = False

    def add(self, environment: Environment, name: str, source: str) -> None:
        """Add the slots of a template.

        Args:
            environment: The environment.
            name: Name of the template.
            source: Its text; if it is not a valid template, it has no slots.
        """
        try:
            tree = environment.parse(source, name)
        except TemplateError:
            return
        for call in tree.find_all(nodes.Call):
            if not (isinstance(call.node, nodes.Name) and call.node.name == "slot"):
                continue
            arguments = [*call.args, *(keyword.value for keyword in call.kwargs)]
            if len(arguments) == 1 and isinstance(arguments[0], nodes.Const):
                having = self.templates.setdefault(str(arguments[0].value), [])
                if name not in having:
                    having.append(name)
            else:
                self.has_computed = True


@dataclass(frozen=True, slots=True)
class Contribution:
    """A plugin's implementation of `jinja_slot`.

    Args:
        plugin: Name of the plugin.
        owner: The plugin, with its distribution, for messages.
        names: The slots that it contributes to; `None` if that cannot be read from it.
    """

    plugin: str
    owner: str
    names: frozenset[str] | None


def contributions(app: Cocopot) -> Iterator[Contribution]:
    """Yield the implementations of `jinja_slot`, in their order.

    Args:
        app: The application.
    """
    for impl in app.plugins.call_order("jinja_slot"):
        if impl.wrapper or impl.hookwrapper:
            continue
        record = app.plugins.records_by_name[impl.plugin_name]
        declared = getattr(record.plugin, "jinja_slots", None)
        names = _names_in(impl.function) if declared is None else frozenset(declared)
        distribution = f" ({record.distribution} {record.version})" if record.distribution else ""
        yield Contribution(record.name, f"plugin {record.name!r}{distribution}", names)


def _names_in(function: Callable[..., object]) -> frozenset[str] | None:
    """Return what a function compares its argument `slot` with; `None` if it compares it with nothing."""
    function = inspect.unwrap(function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    known: Mapping[str, object] = getattr(inspect.unwrap(function), "__globals__", {})
    found = [text for node in ast.walk(tree) for other in _compared(node) for text in _texts(other, known)]
    return frozenset(found) or None


def _compared(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a node compares `slot` with, or looks it up in."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        if any(map(_is_slot, sides)):
            yield from (side for side in sides if not _is_slot(side))
    elif isinstance(node, ast.Match) and _is_slot(node.subject):
        for pattern in ast.walk(node):
            if isinstance(pattern, ast.MatchValue):
                yield pattern.value
    elif isinstance(node, ast.Subscript) and _is_slot(node.slice):
        yield node.value
    elif (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and any(map(_is_slot, node.args))
    ):
        yield node.func.value  # such as `get` of a dict


def _is_slot(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "slot"


def _texts(node: ast.expr, known: Mapping[str, object]) -> Iterator[str]:
    """Yield the texts of a literal, of a collection of literals, or of a global variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for item in node.elts:
            yield from _texts(item, known)
    elif isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                yield from _texts(key, known)
    elif isinstance(node, ast.Name):
        value = known.get(node.id)
        values = [value] if isinstance(value, str) else value
        if isinstance(values, Iterable):
            yield from (item for item in values if isinstance(item, str))
