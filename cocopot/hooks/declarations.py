"""What a plugin declares about other plugins in `requires`, `after` and `before`."""

from __future__ import annotations

import ast
import re
import sys
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, NamedTuple

from cocopot.hooks.dist_info import read_file
from cocopot.hooks.versions import fits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot.hooks.candidates import Candidate

Attribute = Literal["requires", "after", "before"]
#: The attributes in which a plugin names others.
ATTRIBUTES: tuple[Attribute, ...] = ("requires", "after", "before")

#: A name, and a specifier; the default name of a class in a function contains `.<locals>.`.
_REQUIREMENT = r"\s*(|.*?[^.\s])\s*((?:~=|===?|!=|<=?|>=?)[^.].*)?"
#: What no name contains, because it separates names, or a name from something else.
_SEPARATORS = frozenset("=,;")
#: A text in a source file that may be a requirement with a version.
_WITH_VERSION = rb"""["'][^"'\n]*[\w.)-]\s*(?:~=|===?|!=|<=?|>=?)\s*\d"""


class Requirement(NamedTuple):
    """A plugin that another one names, and the versions of its distribution that fit.

    Args:
        name: Name of the plugin.
        specifier: The versions, as in `">=1.2,<2"` (PEP 440); empty for all.
    """

    name: str
    specifier: str = ""

    def __str__(self) -> str:
        return f"{self.name}{self.specifier}"

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Return the requirement in a text such as `"session>=1.2"`.

        Raises:
            ValueError: If there is no name, or what follows it is not a version specifier.
        """
        match = re.fullmatch(_REQUIREMENT, text)
        name, specifier = match.groups("") if match else ("", "")
        if not name:
            raise ValueError(f"{text!r} does not begin with the name of a plugin")
        if _SEPARATORS.intersection(name):
            raise ValueError(f"{text!r} is not a name, and versions such as '>=1.2,<2' (PEP 440)")
        if specifier:
            fits("1", specifier)
        return cls(name, specifier.strip())


def parse_requirements(value: object) -> tuple[Requirement, ...]:
    """Return the requirements in a tuple or list of texts.

    Args:
        value: The value of `requires`, `after` or `before` of a plugin.

    Raises:
        ValueError: If it is anything else, or one of the texts is invalid; the message is a clause.
    """
    if isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value):
        return tuple(Requirement.parse(name) for name in value)
    raise ValueError("it must be a tuple of plugin names")


def name_in(requirement: str) -> str:
    """Return the name of the plugin in a requirement; a text that is not one is returned as it is."""
    with suppress(ValueError):
        return Requirement.parse(requirement).name
    return requirement


# -------------------------------------------------------------------------
# Without importing
# -------------------------------------------------------------------------


def declared_in_source(candidate: Candidate) -> tuple[Requirement, ...]:
    """Return the requirements with versions in `requires` and `after`, read without importing the plugin.

    Only what is written as a literal in the source of the plugin's own module is found; the rest is compared
    once the plugin has been imported.

    Args:
        candidate: The plugin.
    """
    module, _, attribute = candidate.value.partition(":")
    if not module or module in sys.modules:
        return ()
    found: tuple[Requirement, ...] = ()
    with suppress(Exception):  # whatever is wrong with it is reported by the import
        source = _read_source(module)
        if source is not None and re.search(_WITH_VERSION, source):
            values = _literals(ast.parse(source), attribute)
            for name in ("requires", "after"):
                found += parse_requirements(values.get(name, ()))
    return tuple(requirement for requirement in found if requirement.specifier)


def _read_source(module: str) -> bytes | None:
    """Return the source of a module, none of whose packages is imported for this; `None` if it has none."""
    name, *rest = module.split(".")
    spec = find_spec(name)
    for part in rest:
        if spec is None:
            return None
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, spec.submodule_search_locations)
    origin = None if spec is None else spec.origin
    if origin is None or not origin.endswith(".py"):
        return None
    return read_file(origin)


def _literals(module: ast.Module, attribute: str) -> Mapping[str, object]:
    """Return the values that a module, or the class or instance of that name in it, has as literals."""
    body = module.body
    classes = {node.name: node.body for node in body if isinstance(node, ast.ClassDef)}
    if attribute:
        instances = {
            name: value.func.id
            for name, value in _assignments(body)
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
        }
        body = classes.get(instances.get(attribute, attribute), [])
    found: dict[str, object] = {}
    for name, value in _assignments(body):
        if name in ATTRIBUTES and _is_set_once(name, module, body):
            with suppress(ValueError):  # it is not a literal
                found[name] = ast.literal_eval(value)
    return found


def _is_set_once(name: str, module: ast.Module, body: list[ast.stmt]) -> bool:
    """Whether nothing in the source but one statement of a body appears to set an attribute."""
    bound = 0
    for node in (node for statement in body for node in ast.walk(statement)):
        is_variable = isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        bound += is_variable or name in (getattr(node, "name", None), getattr(node, "asname", None))
    attributes = (node for node in ast.walk(module) if isinstance(node, ast.Attribute))
    return bound == 1 and not any(
        node.attr == name and not isinstance(node.ctx, ast.Load) for node in attributes
    )


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                yield target.id, value
