from __future__ import annotations

from typing import TYPE_CHECKING

import importlib_metadata
import pytest

from cocopot.checks.projects import ProjectError, find_module, stage_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FULL = """
    [project]
    name = "cocopot-full"
    version = "2.1"
    requires-python = ">=3.11"
    license = {text = "BSD"}
    license-files = ["LICEN*"]
    readme = {file = "README.md"}
    classifiers = ["Typing :: Typed"]
    dependencies = ["cocopot>=1.0", "click"]

    [project.scripts]
    full = "cocopot_full:main"

    [project.entry-points."cocopot.plugins"]
    full = "cocopot_full:Full"
    more = "cocopot_full:More"
    """


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    folder = tmp_path / "staged"
    folder.mkdir()
    return folder


def test_metadata_as_an_installer_writes_it(project: Callable[..., Path], staged: Path) -> None:
    """Name, version, requirements, licence, README and entry points of pyproject.toml can be read."""
    folder = project(name="full", toml=FULL)
    folder.joinpath("LICENSE").write_text("Do as you like.", encoding="utf-8")
    assert stage_project(folder, staged) == folder
    (distribution,) = importlib_metadata.distributions(path=[str(staged)])
    metadata = distribution.metadata
    assert (distribution.name, distribution.version) == ("cocopot-full", "2.1")
    assert (metadata["Requires-Python"], metadata["License"]) == (">=3.11", "BSD")
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Description"].strip() == "# A plugin"
    assert distribution.requires == ["cocopot>=1.0", "click"]
    points = distribution.entry_points.select(group="cocopot.plugins")
    assert [(point.name, point.value) for point in points] == [
        ("full", "cocopot_full:Full"),
        ("more", "cocopot_full:More"),
    ]


@pytest.mark.parametrize("src", ["", "src", "lib", "packages/python"])
def test_modules_are_found(src: str, project: Callable[..., Path], staged: Path) -> None:
    """The folder that the modules are imported from may be the project's own, `src`, or another in it."""
    folder = project(src=src)
    assert stage_project(folder, staged) == folder / src


def test_virtual_environments_are_passed_over(project: Callable[..., Path], staged: Path) -> None:
    """A copy of the package in an environment or a build is not the source."""
    folder = project(src="python")
    for other in ("env", "build"):
        folder.joinpath(other, "cocopot_demo").mkdir(parents=True)
        folder.joinpath(other, "cocopot_demo", "__init__.py").touch()
    folder.joinpath("env", "pyvenv.cfg").touch()
    assert stage_project(folder, staged) == folder / "python"


def test_a_project_without_its_module(project: Callable[..., Path], staged: Path) -> None:
    """If no folder has the module, the project's own is taken: the import says what is wrong."""
    folder = project(value="cocopot_elsewhere")
    assert stage_project(folder, staged) == folder


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[project", "cannot be read"),
        ("[tool.poetry]\nname = 'x'", "does not have the name and the entry points"),
        ("[project]\nname = 'x'\ndynamic = ['entry-points']", "Build a wheel and check that"),
    ],
)
def test_unusable_projects(toml: str, says: str, project: Callable[..., Path], staged: Path) -> None:
    """What cannot be read without building it is refused, and the message says what to do."""
    with pytest.raises(ProjectError, match=says):
        stage_project(project(toml=toml), staged)


def test_no_project(tmp_path: Path, staged: Path) -> None:
    """A folder without pyproject.toml is no project."""
    with pytest.raises(ProjectError, match=r"has no pyproject\.toml"):
        stage_project(tmp_path, staged)


def test_find_module(tmp_path: Path) -> None:
    """Of a dotted name, the outermost package that is no namespace is found, or the module."""
    package = tmp_path / "space" / "package"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").touch()
    tmp_path.joinpath("space", "module.py").touch()
    assert find_module(tmp_path, "space.package.inner") == package
    assert find_module(tmp_path, "space.module") == tmp_path / "space" / "module.py"
    assert find_module(tmp_path, "space.nothing") is None
