"""Load Cocopot's pytest plugin, and run the examples of documents and docstrings, each in order."""

from __future__ import annotations

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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the blocks of each document back in order: a later one may use names of an earlier one."""
    blocks = [item for item in items if isinstance(item, SybilItem)]
    blocks.sort(key=lambda item: (item.path, item.example.line))
    in_order = iter(blocks)
    items[:] = [next(in_order) if isinstance(item, SybilItem) else item for item in items]
