from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.targets import TargetError, open_target

from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES = {"cocopot_demo.inner": "", "cocopot_demo.deep.er": ""}


@pytest.mark.parametrize("argument", ["cocopot-demo", "cocopot_Demo", "demo"])
def test_installed(argument: str) -> None:
    """A distribution is found by its name, as indexes compare it, and by the name of its plugin."""
    with installed_plugin("demo", "", modules=MODULES) as plugin, open_target(argument) as target:
        package = plugin.path / "cocopot_demo"
        assert (target.name, target.version, target.path) == ("cocopot-demo", "1.0.0", ())
        assert [point.value for point in target.entry_points] == ["cocopot_demo"]
        assert target.packages() == [package]
        assert target.sources() == sorted(package.rglob("*.py"))


def test_one_plugin_of_several() -> None:
    """The name of a distribution means all of its plugins, that of a plugin the plugin itself."""
    values = {"one": "cocopot_both:One", "two": "cocopot_both:Two"}
    with installed_plugin(values, "", distribution="cocopot-both"):
        with open_target("cocopot-both") as target:
            assert [point.name for point in target.entry_points] == ["one", "two"]
        with open_target("two") as target:
            assert [point.name for point in target.entry_points] == ["two"]


def test_a_name_of_two_distributions() -> None:
    """A plugin's name that two distributions have is refused, and the message names both."""
    with (
        installed_plugin("demo", ""),
        installed_plugin("demo", "", distribution="other"),
        pytest.raises(TargetError, match="cocopot-demo and other both have a plugin named 'demo'"),
        open_target("demo"),
    ):
        pass


def test_project(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A project's folder is found by its path, and places are relative to it."""
    folder = project(src="src")
    with open_target(str(folder)) as target:
        file = folder / "src" / "cocopot_demo" / "__init__.py"
        assert (target.name, target.version) == ("cocopot-demo", "1.2")
        assert target.sources() == [file]
        assert target.place(str(file)) == "src/cocopot_demo/__init__.py"
        assert target.place("/elsewhere/file.py") == "/elsewhere/file.py"
    assert not Path(target.path[0]).exists()
    monkeypatch.chdir(folder)
    with open_target(".") as target:
        assert target.packages() == [folder / "src" / "cocopot_demo"]


def test_unusable_project(project: Callable[..., Path]) -> None:
    """A project that cannot be read is refused, and so is one that the file system has no room for."""
    for name in ("../evil", "x" * 300):
        folder = project(name=name[-4:], toml=f"[project]\nname = '{name}'")
        with pytest.raises(TargetError, match=name), open_target(str(folder)):
            pass


def test_what_looks_like_source(project: Callable[..., Path]) -> None:
    """Folders, and links to what is not there, such as an editor makes to lock a file, are not sources."""
    folder = project()
    package = folder / "cocopot_demo"
    package.joinpath(".#__init__.py").symlink_to("user@host.1234:5678")
    package.joinpath("data.py").mkdir()
    with open_target(str(folder)) as target:
        assert target.sources() == [package / "__init__.py"]


def test_an_installed_name_wins(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that has the name of an installed distribution is meant only if it is written as a path."""
    monkeypatch.chdir(project().parent)
    with installed_plugin("demo", ""):
        with open_target("cocopot-demo") as target:
            assert target.version == "1.0.0"
        with open_target("./cocopot-demo") as target:
            assert target.version == "1.2"


def test_wheel(tmp_path: Path) -> None:
    """A wheel is unpacked, its packages for all platforms included, and taken away at the end."""
    wheel = tmp_path / "cocopot_demo-3.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("cocopot_demo-3.0.data/purelib/cocopot_demo/__init__.py", "")
        archive.writestr("cocopot_demo-3.0.dist-info/METADATA", "Name: cocopot-demo\nVersion: 3.0\n")
        archive.writestr(
            "cocopot_demo-3.0.dist-info/entry_points.txt", "[cocopot.plugins]\ndemo = cocopot_demo\n"
        )
    with open_target(str(wheel)) as target:
        (file,) = target.sources()
        assert (target.name, target.version) == ("cocopot-demo", "3.0")
        assert target.place(str(file)).endswith("purelib/cocopot_demo/__init__.py")
    assert not file.exists()


@pytest.mark.parametrize("name", ["text.whl", "empty.whl"])
def test_no_wheel(name: str, tmp_path: Path) -> None:
    """What is not an archive, and an archive without metadata, is refused."""
    tmp_path.joinpath("text.whl").write_text("no archive", encoding="utf-8")
    zipfile.ZipFile(tmp_path / "empty.whl", "w").close()
    with pytest.raises(TargetError, match=f"{name} is not a wheel: "), open_target(str(tmp_path / name)):
        pass


@pytest.mark.parametrize("metadata", [None, "Name: cocopot-demo\n"])
def test_unreadable_metadata(metadata: str | None) -> None:
    """A distribution that is half removed is refused, and the message states where it lies."""
    with installed_plugin("demo", "") as plugin:
        file = plugin.path / "cocopot_demo-1.0.0.dist-info" / "METADATA"
        file.unlink()
        if metadata is not None:
            file.write_text(metadata, encoding="utf-8")
        with (
            pytest.raises(TargetError, match=r"The metadata in .* cannot be read"),
            open_target("cocopot-demo"),
        ):
            pass


def test_unreadable_entry_points() -> None:
    """A distribution whose entry points cannot be read is refused, and the message states what is wrong."""
    with installed_plugin("demo", "") as plugin:
        file = plugin.path / "cocopot_demo-1.0.0.dist-info" / "entry_points.txt"
        file.write_text("[cocopot.plugins]\ndemo\n", encoding="utf-8")
        with (
            pytest.raises(TargetError, match=r"entry points of .* cocopot-demo 1.0.0 .* a line has no '='"),
            open_target("cocopot-demo"),
        ):
            pass


def test_nothing_of_that_name() -> None:
    """The message states what was tried, what is installed, and which name is near."""
    with installed_plugin("demo", ""), pytest.raises(TargetError) as caught, open_target("cocopot-demos"):
        pass
    assert "no installed distribution, no plugin and no file has that name." in str(caught.value)
    assert "Did you mean 'cocopot-demo'" in str(caught.value)


def test_namespace(tmp_path: Path) -> None:
    """Of a namespace, only the part that belongs to the plugin is inspected."""
    values = {"one": "space.one.plugin"}
    modules = {"space.one.plugin": "", "space.two.plugin": ""}
    with installed_plugin(values, "", distribution="space-one", modules=modules) as plugin:
        plugin.path.joinpath("space", "__init__.py").unlink()
        with open_target("space-one") as target:
            assert target.packages() == [plugin.path / "space" / "one"]


def test_a_module_that_is_not_there() -> None:
    """A target whose module cannot be found has no sources."""
    for value in ("nowhere.at.all", "no value"):
        with installed_plugin("demo", "", entry_point=value), open_target("demo") as target:
            assert target.packages() == []
