from __future__ import annotations

import configparser
import email
import email.message
import importlib
import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path, PurePosixPath

import pytest
from hatchling.bridge.app import Application
from packaging.requirements import Requirement

import cocopot
from tests.builds import CHECKOUT, build, built_once

SOURCES = {file.relative_to(CHECKOUT).as_posix() for file in CHECKOUT.glob("cocopot/**/*.py")}
#: What is compiled, and what type checkers know of it.
COMPILED = {
    file.relative_to(CHECKOUT).as_posix()
    for pattern in ("*.pyx", "*.pxi", "*.pyi")
    for file in CHECKOUT.glob(f"cocopot/speedups/{pattern}")
}
#: What only some applications need: those that load plugins, render, have a command line, stream events, or
#: serve themselves; and what explains an error.
NOT_BEFORE_ASKED_FOR = {
    "asyncio",
    "click",
    "cocopot.cli",
    "cocopot.explanations",
    "cocopot.hooks.locks",
    "cocopot.pipeline.debug_page",
    "cocopot.registry.blueprints",
    "cocopot.serving",
    "cocopot.sse",
    "cocopot.testing",
    "cocopot.types",
    "html",
    "http.server",
    "importlib_metadata",
    "jinja2",
    "queue",
    "sqlite3",
    "tomllib",
    "unittest",
    "werkzeug.debug",
    "werkzeug.serving",
    "werkzeug.test",
    "wsgiref",
}
#: Serves a plain request without what is not needed for it.
_SERVE = """
import cocopot, json, sys
app = cocopot.Cocopot("birds", autoload=False)
app.get("/")(lambda: "wren")
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "birds.example", "SERVER_PORT": "80"}
environ |= {"SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http"}
assert b"".join(app(environ, lambda *args: None)) == b"wren"
print(json.dumps(list(sys.modules)))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of this checkout."""
    return built_once(tmp_path_factory)


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    """The wheel, open for reading."""
    (file,) = built.glob("*.whl")
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> email.message.Message:
    """The wheel's core metadata."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile, built: Path) -> None:
    """Every module and template and the mark of typing are in the wheel; tests, docs and plugins are not."""
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}
    compiled = {name for name in files if name.endswith(tuple(EXTENSION_SUFFIXES))}
    assert files - compiled == {*SOURCES, *COMPILED, "cocopot/py.typed"}
    assert len(compiled) == ("is not compiled" not in (built / "output.txt").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"CC": "/nowhere/cc"}, {"HATCH_BUILD_NO_HOOKS": "true"}])
def test_a_wheel_without_a_compiler(tmp_path: Path, variables: dict[str, str]) -> None:
    """Without compilation, the wheel contains only Python and is tagged for all platforms."""
    output = build(tmp_path, "wheel", **variables)
    (file,) = tmp_path.glob("*.whl")
    assert file.name == "cocopot-1.0.0-py3-none-any.whl"
    assert not [name for name in zipfile.ZipFile(file).namelist() if name.endswith(tuple(EXTENSION_SUFFIXES))]
    assert ("is not compiled, Cocopot will be slower: " in output) == ("CC" in variables)


def compile_in_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Compile as an editable installation of a checkout does, and return the output."""
    spec = importlib.util.spec_from_file_location("hatch_build", CHECKOUT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    hook = module.CompileHook(str(folder), {}, None, None, str(folder), "wheel", Application())
    hook.initialize("editable", {})
    hook.finalize()
    return "".join(capsys.readouterr())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a module to compile that is as small as can be."""
    source = tmp_path / "cocopot" / "speedups" / "_compiled.pyx"
    source.parent.mkdir(parents=True)
    source.write_text("NUMBER = 1\n", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_an_editable_installation(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is compiled is put into the checkout, and nothing else is."""
    before = {*checkout.rglob("*")}
    output = compile_in_place(checkout, capsys)
    place = checkout / f"cocopot/speedups/_compiled{sysconfig.get_config_var('EXT_SUFFIX')}"
    assert {*checkout.rglob("*")} - before == ({place} if "is not compiled" not in output else set())


@pytest.mark.slow
def test_an_editable_installation_where_nothing_can_be_written(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkout that does not take the compiled module is installed without it."""
    place = checkout / f"cocopot/speedups/_compiled{sysconfig.get_config_var('EXT_SUFFIX')}"
    (place / "in the way").mkdir(parents=True)
    before = {*checkout.rglob("*")}
    assert "is not compiled, Cocopot will be slower: " in compile_in_place(checkout, capsys)
    assert {*checkout.rglob("*")} == before


@pytest.mark.slow
def test_an_editable_installation_keeps_nothing_of_another_source(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be compiled any more, what has been compiled of an earlier source is not used."""
    place = checkout / f"cocopot/speedups/_compiled{sysconfig.get_config_var('EXT_SUFFIX')}"
    place.write_text("of an earlier source")
    monkeypatch.setenv("CC", "/nowhere/cc")
    assert "is not compiled, Cocopot will be slower: " in compile_in_place(checkout, capsys)
    assert not place.exists()


@pytest.mark.slow
def test_the_source_distribution_holds_what_the_wheel_is_built_from(built: Path) -> None:
    """Modules, `py.typed`, sources to compile, project file, licence and readme are in it."""
    files = source_files(built)
    assert {*SOURCES, *COMPILED, "cocopot/py.typed"} <= files
    assert {"pyproject.toml", "hatch_build.py", "LICENSE", "README.md"} <= files


@pytest.mark.slow
def test_the_source_distribution_holds_what_its_tests_need(built: Path) -> None:
    """Tests, documentation, plugins and benchmarks are in it, but no environments or compiled modules."""
    files = source_files(built)
    assert {name.partition("/")[0] for name in files} == {
        *("cocopot", "plugins", "tests", "docs", "benchmarks", ".ci", "conftest.py", "hatch_build.py"),
        *("Makefile", "LICENSE", "pyproject.toml", ".gitignore", "PKG-INFO"),
        *(file.name for file in CHECKOUT.glob("*.md")),
    }
    for folder in ("tests", "plugins", "docs", "benchmarks"):
        assert {file.relative_to(CHECKOUT).as_posix() for file in CHECKOUT.glob(f"{folder}/**/*.py")} <= files
    assert not [name for name in files if name.endswith((".pyc", *EXTENSION_SUFFIXES))]


def source_files(folder: Path) -> set[str]:
    """Return the names of the files in the source distribution in a folder."""
    (file,) = folder.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        return {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}


@pytest.mark.slow
def test_the_metadata_names_project_and_version(metadata: email.message.Message) -> None:
    """The distribution has the project's name, its version, and the versions of Python that it supports."""
    values = [metadata[key] for key in ("Name", "Version", "Requires-Python", "License-Expression")]
    assert values == ["cocopot", "1.0.0", ">=3.11", "BSD-3-Clause"]


@pytest.mark.slow
def test_the_package_depends_on_five_libraries(metadata: email.message.Message) -> None:
    """Without extras, five libraries are installed beside Cocopot, and no sixth."""
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    names = [re.split("[<>=]", line)[0] for line in required]
    assert sorted(names) == ["click", "importlib-metadata", "packaging", "pluggy", "werkzeug"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "project", [CHECKOUT, *sorted((CHECKOUT / "plugins").glob("cocopot-*"))], ids=lambda p: p.name
)
def test_no_project_accepts_a_werkzeug_with_known_holes(project: Path) -> None:
    """`safe_join` is safe from 3.1.6 on: CVE-2025-66221, CVE-2026-21860, CVE-2026-27199."""
    with (project / "pyproject.toml").open("rb") as file:
        metadata = tomllib.load(file)["project"]
    extras = [part for parts in metadata.get("optional-dependencies", {}).values() for part in parts]
    requirements = [Requirement(text) for text in (*metadata["dependencies"], *extras)]
    versions = [part.specifier for part in requirements if part.name == "werkzeug"]
    assert versions or project != CHECKOUT
    assert not [version for version in versions if version.contains("3.1.5") or "3.1.6" not in version]


@pytest.mark.parametrize("extra", ["bjoern", "browser"])
def test_the_makefile_installs_what_an_extra_requires(extra: str) -> None:
    """What `make` installs without the project has the version that the project's extra requires."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    variables = re.findall(r"^\w+ := '(.*)'$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert set(project["optional-dependencies"][extra]) <= set(variables)


@pytest.mark.slow
def test_the_wheel_installs_the_command_and_the_pytest_plugin(wheel: zipfile.ZipFile) -> None:
    """The `cocopot` command and the pytest plugin are the entry points of the distribution."""
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    points = configparser.ConfigParser()
    points.read_string(wheel.read(name).decode())
    assert {group: dict(points[group]) for group in points.sections()} == {
        "console_scripts": {"cocopot": "cocopot.cli:main"},
        "pytest11": {"cocopot": "cocopot.pytest_plugin"},
    }


def test_importing_cocopot_imports_no_more_than_a_request_needs() -> None:
    """Command line, server, debugger, plugin discovery and templates are imported by those who use them."""
    code = "import cocopot, json, sys; print(json.dumps(list(sys.modules)))"
    process = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, timeout=60)
    imported = set(json.loads(process.stdout))
    assert "cocopot.app" in imported
    assert imported & NOT_BEFORE_ASKED_FOR == set()


def test_a_plain_request_imports_no_more_than_it_needs() -> None:
    """What an import of the package does not import, an application and its first request do not either."""
    command = [sys.executable, "-I", "-c", _SERVE]
    process = subprocess.run(command, check=True, capture_output=True, timeout=60)
    imported = set(json.loads(process.stdout))
    assert "cocopot.app" in imported
    assert imported & NOT_BEFORE_ASKED_FOR == set()


@pytest.mark.parametrize(
    "use",
    [
        "from cocopot import Blueprint, ServerSentEvent, event_stream, ResponseValue",
        "from cocopot import *",
        "import cocopot; globals().update({name: getattr(cocopot, name) for name in cocopot.__all__})",
        "from cocopot import sse, types; from cocopot import *",
    ],
)
def test_names_of_modules_that_are_imported_later(use: str) -> None:
    """They are the objects of their modules."""
    code = f"""
{use}
import cocopot, cocopot.registry.blueprints, cocopot.sse, cocopot.types
assert Blueprint is cocopot.registry.blueprints.Blueprint
assert ServerSentEvent is cocopot.sse.ServerSentEvent
assert event_stream is cocopot.sse.event_stream
assert ResponseValue is cocopot.types.ResponseValue
"""
    subprocess.run([sys.executable, "-I", "-c", code], check=True, timeout=60)


def test_the_package_lists_its_names() -> None:
    """`dir` has every public name, also before its module is imported."""
    code = "import cocopot; assert {*cocopot.__all__, *vars(cocopot)} == set(dir(cocopot))"
    subprocess.run([sys.executable, "-I", "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("name", cocopot.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    """What `__all__` lists is there."""
    assert hasattr(importlib.import_module("cocopot"), name)


def test_the_public_names_are_sorted_and_complete() -> None:
    """`__all__` is sorted, without doubles, and holds every public class and function of the package."""
    public = {
        name
        for name, value in vars(cocopot).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("cocopot")
    }
    assert cocopot.__all__ == sorted(set(cocopot.__all__))
    assert public <= set(cocopot.__all__)


def test_the_package_is_a_command() -> None:
    """`python -m cocopot` is the `cocopot` command."""
    command = [sys.executable, "-m", "cocopot", "--help"]
    process = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert process.stdout.startswith("Usage: cocopot [OPTIONS] COMMAND")
    assert "run " in process.stdout
