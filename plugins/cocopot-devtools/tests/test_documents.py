"""The plugins that the documentation shows pass the check that it recommends."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.review import Options, review
from cocopot_devtools.checks.targets import open_target

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("docs/hooks/*.py")),
    *sorted(ROOT.glob("plugins/*/README.md")),
]
#: Classes that are shown because they are wrong, or that need what only their page has.
WRONG = {"Broken", "Misspelled"}
PROJECT = """
[project]
name = "cocopot-shown"
version = "1.0"
dependencies = ["cocopot>=1.0"]

[project.entry-points."cocopot.plugins"]
{points}
"""


def nodes_of(document: Path) -> Iterator[ast.stmt]:
    """Yield the statements of the Python blocks of a document."""
    text = document.read_text("utf-8").partition("\n## cocopot_addhooks(")[0]  # the rest is generated
    blocks = (
        [text]
        if document.suffix == ".py"
        else re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    )
    for block in blocks:
        if ">>>" not in block:
            yield from ast.parse(block).body


def has_hooks(node: ast.stmt) -> bool:
    """Whether a statement is a class with hook implementations."""
    return isinstance(node, ast.ClassDef) and "@hookimpl" in ast.unparse(node) and node.name not in WRONG


def is_needed(node: ast.stmt) -> bool:
    """Whether a statement is an import, a class, or a function, list or text that a class may use."""
    if isinstance(node, ast.FunctionDef):
        return not node.decorator_list
    if isinstance(node, ast.Assign):
        with suppress(ValueError):
            ast.literal_eval(node.value)
            return isinstance(node.targets[0], ast.Name)
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.ClassDef))


def module_of(document: Path) -> tuple[str, list[str]]:
    """Return the source of a module with the plugins of a document, and the names of their classes."""
    nodes = list(nodes_of(document))
    source = "\n".join(ast.unparse(node) for node in nodes if is_needed(node))
    names = [node.name for node in nodes if isinstance(node, ast.ClassDef) and has_hooks(node)]
    return source, list(dict.fromkeys(names))


SHOWN = {document.relative_to(ROOT).as_posix(): document for document in DOCUMENTS if module_of(document)[1]}


@pytest.mark.slow
@pytest.mark.parametrize("document", SHOWN)
def test_the_plugins_of_a_document_pass(document: str, tmp_path: Path) -> None:
    """`cocopot check-plugin` finds no error in the plugins of the README and of the documentation."""
    source, names = module_of(SHOWN[document])
    points = "\n".join(f'{name.lower()} = "cocopot_shown:{name}"' for name in names)
    tmp_path.joinpath("pyproject.toml").write_text(PROJECT.format(points=points), "utf-8")
    tmp_path.joinpath("cocopot_shown.py").write_text(source, "utf-8")
    with open_target(str(tmp_path)) as target:
        found = review(target, Options(cost=False)).findings
    errors = [
        f"{finding.code} {finding.plugin}: {finding.message}"
        for finding in found
        if finding.rule.severity == "error"
    ]
    assert errors == []


def test_the_documents_with_plugins() -> None:
    """The README and the pages on plugins are among them, so that the check above has something to check."""
    assert {"README.md", "docs/plugins.md", "docs/testing.md", "docs/hooks/cocopot_setup.py"} <= SHOWN.keys()
