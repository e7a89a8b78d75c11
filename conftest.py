"""Load the pytest plugin, run the examples of documents and docstrings, and group tests for pytest-xdist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.example import NotEvaluated
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

if TYPE_CHECKING:
    from sybil.example import Example

ROOT = Path(__file__).parent

#: Folders and files whose tests share fixtures that are expensive to create: environments and servers.
#: With pytest-xdist one worker runs all tests below such a path, so that each fixture is created once.
SHARED_FIXTURES = (
    "tests/benchmarks/test_run.py",
    "tests/distributions",
    "tests/servers",
    "tests/test_bad_input.py",
    "tests/test_package.py",
)
#: Folders and files in which every test is slow: they build distributions, or create environments.
SLOW = ("tests/distributions", "tests/benchmarks/test_run.py")

pytest_plugins = ["cocopot.pytest_plugin", "pytester"]


class DocStrings(PythonDocStringDocument):
    """The docstrings of a module, whose examples import what they use."""

    def import_document(self, example: Example) -> None:  # noqa: ARG002 - as sybil calls it
        """Do not import the module: its names are not names of the examples."""
        self.pop_evaluator(self.import_document)
        raise NotEvaluated


documents = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["docs/*.md", "plugins/*/README.md"],
    filenames=["README.md"],
)
docstrings = Sybil(
    parsers=[PythonCodeBlockParser(), DocTestParser()],
    path="cocopot",
    patterns=["*.py"],
    document_types={".py": DocStrings},
)
# Here and not in docs/ or cocopot/, because pytest asks a conftest.py only about files beside and below it.
pytest_collect_file = (documents + docstrings).pytest()


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of pytest-xdist also where it is not installed."""
    config.addinivalue_line("markers", "xdist_group(name): tests that one worker runs")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark slow tests, and those that one worker has to run: blocks of one document, and shared fixtures."""
    path = item.path.relative_to(ROOT).as_posix()
    if isinstance(item, SybilItem):
        item.add_marker(pytest.mark.xdist_group(path))
    for group in SHARED_FIXTURES:
        if is_below(path, group):
            item.add_marker(pytest.mark.xdist_group(group))
    if any(is_below(path, folder) for folder in SLOW):
        item.add_marker(pytest.mark.slow)


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a file or folder itself, or below it."""
    return f"{path}/".startswith(f"{folder}/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the blocks of each document back in order: a later one may use names of an earlier one."""
    blocks = [item for item in items if isinstance(item, SybilItem)]
    blocks.sort(key=lambda item: (item.path, item.example.line))
    in_order = iter(blocks)
    items[:] = [next(in_order) if isinstance(item, SybilItem) else item for item in items]
