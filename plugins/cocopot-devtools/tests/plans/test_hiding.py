from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

import importlib_metadata
import pytest
from cocopot_devtools.plans.hiding import hide, modules_of

from cocopot.testing import find_installed_plugins, installed_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = {"spacious.one": "", "spacious.two": ""}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The distribution `cocopot-demo` with three modules; what is hidden is found again afterwards."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    with installed_plugin("demo", "", modules=MODULES):
        yield


@pytest.mark.usefixtures("installed")
def test_a_hidden_distribution() -> None:
    """Neither it nor its modules are found; others are."""
    modules = modules_of(importlib_metadata.distribution("cocopot-demo"))
    assert modules == ["cocopot_demo", "spacious"]
    hide(["Cocopot.Demo"], modules, "")
    with pytest.raises(importlib_metadata.PackageNotFoundError):
        importlib_metadata.distribution("cocopot-demo")
    assert "demo" not in {plugin.name for plugin in find_installed_plugins()}
    assert importlib.util.find_spec("cocopot_demo") is None
    assert importlib.util.find_spec("spacious") is None
    assert importlib.util.find_spec("wsgiref") is not None
    assert importlib_metadata.distribution("pluggy").name == "pluggy"


@pytest.mark.usefixtures("installed")
def test_what_replaces_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution of that name in a folder, and its modules, are found."""
    tmp_path.joinpath("cocopot_demo.py").touch()
    info = tmp_path / "cocopot_demo-2.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: cocopot-demo\nVersion: 2.0\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    hide(["cocopot-demo"], ["cocopot_demo", "spacious"], str(tmp_path))
    assert importlib_metadata.version("cocopot-demo") == "2.0"
    spec = importlib.util.find_spec("cocopot_demo")
    assert spec is not None
    assert spec.origin == str(tmp_path / "cocopot_demo.py")
    assert importlib.util.find_spec("spacious") is None
