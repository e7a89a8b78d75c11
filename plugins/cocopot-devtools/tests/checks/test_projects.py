from __future__ import annotations

from typing import TYPE_CHECKING

import importlib_metadata
import pytest
from cocopot_devtools.checks.projects import ProjectError, find_module, stage_project

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

#: Lines that do not belong into a project's table, and what is reported about them.
WRONG = {
    "version = 1": "version under .project. must be a version",
    "version = '1/../../x'": "version under .project. must be a version",
    "requires-python = 3": "requires-python under .project. must be a text, not 3",
    "readme = 3": "readme under .project. must be a text or a table",
    "readme = {file = 3}": "readme under .project. must be a text or a table",
    "license = []": "license under .project. must be a text or a table",
    "license-files = ['/abs/*']": "'/abs/.' is not a pattern of a path inside the project",
    "license-files = ['']": "'' is not a pattern of a path inside the project",
    "classifiers = [3]": "classifiers under .project. must be a list of texts",
    "dependencies = 'x'": "dependencies under .project. must be a list of texts",
    "dynamic = 3": "dynamic under .project. must be a list of texts",
    "entry-points = ['a']": "entry-points under .project. must be a table of tables",
    "entry-points = {'cocopot.plugins' = ['a']}": "entry-points under .project. must be a table of tables",
}


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
    """If no folder has the module, the project's own is taken: the import states what is wrong."""
    folder = project(value="cocopot_elsewhere")
    assert stage_project(folder, staged) == folder


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[project", "cannot be read"),
        ("[tool.poetry]\nname = 'x'", "does not have the name and the entry points"),
        ("[project]\nname = 'x'\ndynamic = ['entry-points']", "Build a wheel and check that"),
        (f"x = {'[' * 5000}", "cannot be read"),
        ("project = 3", "project must be a table"),
        *((f"[project]\nname = 'x'\n{line}", expected) for line, expected in WRONG.items()),
    ],
)
def test_unusable_projects(toml: str, expected: str, project: Callable[..., Path], staged: Path) -> None:
    """What cannot be read without building it is refused, and the message states what to do."""
    with pytest.raises(ProjectError, match=expected):
        stage_project(project(toml=toml), staged)


@pytest.mark.parametrize("name", ["'../evil'", "'/evil'", "''", "'a b'", "3"])
def test_names_of_no_distribution(name: str, project: Callable[..., Path], staged: Path) -> None:
    """A name that is none is refused, and nothing is written, neither inside nor outside of the folder."""
    folder = project(toml=f"[project]\nname = {name}\nversion = '1'")
    before = {*staged.parent.rglob("*")}
    with pytest.raises(ProjectError, match=r"name under \[project\] must be a distribution's name"):
        stage_project(folder, staged)
    assert {*staged.parent.rglob("*")} == before


@pytest.mark.parametrize("version", ["1", "1.2.dev3+local.1", "1!2.0rc1", "v1.0-post1"])
def test_versions(version: str, project: Callable[..., Path], staged: Path) -> None:
    """All forms of a version are allowed in pyproject.toml."""
    stage_project(project(toml=f"[project]\nname = 'x'\nversion = {version!r}"), staged)
    (distribution,) = importlib_metadata.distributions(path=[str(staged)])
    assert (distribution.name, distribution.version) == ("x", version)


def test_no_project(tmp_path: Path, staged: Path) -> None:
    """A folder without pyproject.toml is not a project."""
    with pytest.raises(ProjectError, match=r"has no pyproject\.toml"):
        stage_project(tmp_path, staged)


def test_find_module(tmp_path: Path) -> None:
    """Of a dotted name, the outermost package that is not a namespace is found, or the module."""
    package = tmp_path / "space" / "package"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").touch()
    tmp_path.joinpath("space", "module.py").touch()
    assert find_module(tmp_path, "space.package.inner") == package
    assert find_module(tmp_path, "space.module") == tmp_path / "space" / "module.py"
    assert find_module(tmp_path, "space.nothing") is None
