from __future__ import annotations

import functools
import textwrap
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from cocopot.checks.subjects import Subject
from cocopot.testing import installed_plugin
from tests.checks.projects import HEAD, write_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class MakeSubject(Protocol):
    """Installs a plugin, and returns it as the checks see it."""

    def __call__(self, source: str, name: str = "demo", **options: Any) -> Subject: ...


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[MakeSubject]:
    """Installs plugins for as long as the test lasts."""
    with ExitStack() as stack:

        def make(source: str, name: str = "demo", **options: Any) -> Subject:
            text = HEAD + textwrap.dedent(source)
            plugin = stack.enter_context(installed_plugin(name, text, **options))
            return Subject(name, plugin.distribution, [str(plugin.path)], {}, str(tmp_path))

        yield make


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes the project of a plugin, with nothing wrong but what the test changes."""
    return functools.partial(write_project, tmp_path)
