"""A folder to work in, for commands that import an application from it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the working directory: empty, and what is imported from it is forgotten at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for variable in ("COCOPOT_APP", "COCOPOT_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    before = dict(sys.modules)
    yield tmp_path
    for name in sys.modules.keys() - before.keys():
        module = sys.modules[name]
        if str(tmp_path) in f"{getattr(module, '__file__', None)} {list(getattr(module, '__path__', ()))}":
            del sys.modules[name]
