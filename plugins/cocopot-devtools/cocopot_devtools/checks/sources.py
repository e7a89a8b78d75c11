"""What can be read from a plugin's source, without running it."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cocopot
from cocopot_devtools.checks.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: What a plugin may import.
PUBLIC_MODULES = frozenset(
    {
        *("cocopot", "cocopot.cli", "cocopot.coroutines", "cocopot.exceptions", "cocopot.json"),
        *("cocopot.sessions", "cocopot.templating", "cocopot.testing", "cocopot.types", "cocopot.views"),
    }
)
#: What hooks call the objects that have private attributes of Cocopot.
_OBJECTS = frozenset({"app", "current_app", "pluginmanager"})
_READERS = frozenset({"get", "setdefault", "pop"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class ConfigRead:
    """A place where a configuration key is read.

    Args:
        key: The key.
        file: The file.
        line: The line, from 1.
    """

    key: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file.

    Args:
        file: Its path.
        tree: Its syntax tree.
    """

    file: str
    tree: ast.Module

    def finding(self, code: str, message: str, node: ast.expr | ast.stmt) -> Finding:
        """Return a finding at a place of this file."""
        return Finding(code, message, self.file, node.lineno)


def read_sources(paths: Iterable[Path]) -> tuple[list[Source], list[Finding]]:
    """Parse files; those that cannot be parsed are findings."""
    sources, findings = [], []
    for path in paths:
        try:
            sources.append(Source(str(path), ast.parse(path.read_bytes(), str(path))))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 0
            message = ": ".join(filter(None, (type(error).__name__, str(error))))
            findings.append(Finding("CP303", f"{message}.", str(path), line))
    return sources, findings


def check_source(source: Source) -> Iterator[Finding]:
    """Yield the findings about one file."""
    yield from _private_imports(source)
    yield from _private_attributes(source)
    yield from _unannotated_hooks(source)


# -------------------------------------------------------------------------
# Private names of Cocopot
# -------------------------------------------------------------------------


def _private_imports(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            for full in itertools.filterfalse(_is_public, _imported(node)):
                yield source.finding("CP301", f"It imports {full}, which is not public.", node)


def _imported(node: ast.AST) -> Iterator[str]:
    """Yield the full names of what a node imports of Cocopot."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Call) and _last_name(node.func) in {"import_module", "__import__"}:
        names = [str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    yield from (name for name in names if name.partition(".")[0] == "cocopot")


def _is_public(full: str) -> bool:
    """Whether `cocopot.a.b` may be imported: a public module, or a public name in one."""
    module, _, name = full.rpartition(".")
    if full in PUBLIC_MODULES:
        return True
    if module == "cocopot":
        return name in cocopot.__all__ or name == "*"
    return module in PUBLIC_MODULES and not name.startswith("_")


def _private_attributes(source: Source) -> Iterator[Finding]:
    aliases = {
        alias.asname or "cocopot": alias.name if alias.asname else "cocopot"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.partition(".")[0] == "cocopot"
    }
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name | ast.Attribute):
            continue
        owner, private = node.value, node.attr.startswith("_") and not node.attr.endswith("__")
        if isinstance(owner, ast.Name) and owner.id in _OBJECTS and private:
            message = f"It uses the attribute {node.attr!r} of {owner.id!r}, which is private."
            yield source.finding("CP301", message, node)
            continue
        full = _dotted(node, aliases)
        if full is not None and not node.attr.endswith("__") and _is_first_private(full):
            yield source.finding("CP301", f"It uses {full}, which is not public.", node)


def _is_first_private(full: str) -> bool:
    """Whether a dotted name is not public, but what it is an attribute of is a public module."""
    return not _is_public(full) and full.rpartition(".")[0] in PUBLIC_MODULES


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """Return the full name of an attribute of Cocopot's modules, or `None` if it is of something else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    module = aliases.get(node.id) if isinstance(node, ast.Name) else None
    return None if module is None else ".".join([module, *reversed(names)])


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


# -------------------------------------------------------------------------
# Annotations
# -------------------------------------------------------------------------


def _unannotated_hooks(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, Function) and any(map(_is_hookimpl, node.decorator_list)):
            missing = [argument.arg for argument in _arguments(node) if argument.annotation is None]
            if node.returns is None:
                missing.append("return")
            if missing:
                message = f"{node.name} has no annotation for {', '.join(missing)}."
                yield source.finding("CP602", message, node)


def _is_hookimpl(decorator: ast.expr) -> bool:
    return _last_name(decorator.func if isinstance(decorator, ast.Call) else decorator) == "hookimpl"


def _arguments(node: Function) -> list[ast.arg]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    if arguments and arguments[0].arg in {"self", "cls"}:
        del arguments[0]
    return [*arguments, *node.args.kwonlyargs]


# -------------------------------------------------------------------------
# Configuration
# -------------------------------------------------------------------------


def config_reads(source: Source) -> Iterator[ConfigRead]:
    """Yield where a file reads the configuration with a key that is a text or a constant."""
    constants = _constants(source.tree)
    for node in ast.walk(source.tree):
        key = _config_key(node)
        value = constants.get(key.id) if isinstance(key, ast.Name) else getattr(key, "value", None)
        if key is not None and isinstance(value, str) and value.isupper():
            yield ConfigRead(value, source.file, key.lineno)


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the module's names for texts."""
    found = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[target.id] = value.value
    return found


def _config_key(node: ast.AST) -> ast.expr | None:
    """Return the expression of the key, if a node reads the configuration."""
    if isinstance(node, ast.Subscript) and _is_config(node.value) and not isinstance(node.ctx, ast.Store):
        return node.slice
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In) and _is_config(node.comparators[0]):
        return node.left
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _READERS
        and _is_config(node.func.value)
    ):
        return node.args[0] if node.args else None
    return None


def _is_config(node: ast.expr) -> bool:
    return _last_name(node) == "config"
