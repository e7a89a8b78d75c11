from __future__ import annotations

import base64
import csv
import hashlib
import importlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cocopot import Cocopot, PluginError
from cocopot.hooks.candidates import installed
from cocopot.testing import installed_plugin, make_app

HELLO = """
    from cocopot import hookimpl

    class Hello:
        @hookimpl
        def cocopot_before_request(self):
            return "hello from " + __name__
"""


def names() -> list[str]:
    return [candidate.name for candidate in installed()]


def answer(app: Cocopot) -> str:
    return app.test_client().get("/").text


class TestInstalled:
    def test_a_class(self) -> None:
        """The plugin is found by name, with its distribution, and takes part in requests."""
        with installed_plugin("hello", HELLO, entry_point="cocopot_hello:Hello", version="2.1") as plugin:
            app = make_app(autoload={"hello"})
            (record,) = app.plugins.records("plugin")
            assert (record.distribution, record.version) == ("cocopot-hello", "2.1")
            assert (plugin.distribution, plugin.version) == ("cocopot-hello", "2.1")
            assert answer(app) == "hello from cocopot_hello"

    def test_every_installed_plugin(self) -> None:
        """It is among those that an application loads by itself."""
        with installed_plugin("hello", HELLO):
            app = Cocopot(__name__)
            assert "hello" in [record.name for record in app.plugins.records("plugin")]

    def test_several_entry_points_and_modules(self) -> None:
        """One distribution may contain several plugins, in several modules or packages."""
        points = {"a": "greetings:Hello", "b": "greetings.more.deep:Hello"}
        modules = {"greetings.more.deep": HELLO, "greetings": HELLO, "single": "X = 1"}
        with installed_plugin(points, "", distribution="Cocopot.Greetings", modules=modules) as plugin:
            assert [name for name in names() if name in points] == ["a", "b"]
            assert answer(make_app(autoload={"b"})) == "hello from greetings.more.deep"
            assert importlib.import_module("single").X == 1
            assert importlib.import_module("Cocopot_Greetings").__file__ == str(
                plugin.path / "Cocopot_Greetings.py"
            )

    def test_two(self) -> None:
        """Two may be installed at once, and a second one of the same name is an error as always."""
        with (
            installed_plugin("x", "requires = ('y',)"),
            installed_plugin("y", ""),
            installed_plugin("y", "", distribution="other") as other,
        ):
            with pytest.raises(PluginError, match="Two distributions provide a plugin named 'y'"):
                make_app(autoload={"x", "y"})
            other.path.joinpath("other-1.0.0.dist-info", "entry_points.txt").unlink()
            installed.cache_clear()
            app = make_app(autoload={"x", "y"})
        assert [record.name for record in app.plugins.records("plugin")] == ["y", "x"]

    def test_errors_name_it(self) -> None:
        """A plugin that does not load is named with its distribution, as one that pip installed."""
        with (
            installed_plugin("broken", "import nowhere_to_be_found", version="3.0"),
            pytest.raises(
                PluginError, match=r"Plugin 'broken' \(cocopot-broken 3\.0, cocopot_broken\) failed"
            ),
        ):
            make_app(autoload={"broken"})

    def test_another_process(self) -> None:
        """With PYTHONPATH another process finds it too."""
        script = (
            "from cocopot.testing import make_app\n"
            "app = make_app(autoload={'hello'})\n"
            "print(app.test_client().get('/').text)"
        )
        with installed_plugin("hello", HELLO, entry_point="cocopot_hello:Hello") as plugin:
            environ = {**os.environ, "PYTHONPATH": str(plugin.path)}
            output = subprocess.check_output(
                [sys.executable, "-c", script], env=environ, text=True, timeout=60
            )
        assert output == "hello from cocopot_hello\n"


class TestMetadata:
    def test_as_an_installer_writes_it(self) -> None:
        """The standard library reads name, version, dependencies, entry points and files."""
        with installed_plugin(
            "My-Hello", HELLO, version="1!2.0", dependencies=["cocopot>=1.0", "x; extra == 'y'"]
        ):
            found = importlib.metadata.distribution("cocopot-my-hello")
            assert (found.metadata["Name"], found.version) == ("cocopot-My-Hello", "1!2.0")
            assert found.requires == ["cocopot>=1.0", "x; extra == 'y'"]
            (point,) = found.entry_points
            assert (point.group, point.name, point.value) == (
                "cocopot.plugins",
                "My-Hello",
                "cocopot_My_Hello",
            )
            assert found.read_text("INSTALLER") == "cocopot.testing\n"

    def test_record(self) -> None:
        """RECORD lists every file, with its digest and size."""
        with installed_plugin("hello", "# ünicode\n", modules={"pkg.inner": ""}) as plugin:
            info = plugin.path / "cocopot_hello-1.0.0.dist-info"
            rows = list(csv.reader(info.joinpath("RECORD").read_text("utf-8").splitlines()))
            files = {str(file.relative_to(plugin.path)) for file in plugin.path.rglob("*") if file.is_file()}
            assert {Path(name) for name, _, _ in rows} == {Path(name) for name in files}
            for name, digest, size in rows[:-1]:
                content = plugin.path.joinpath(name).read_bytes()
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
                assert (digest, size) == (f"sha256={expected}", str(len(content)))
            assert rows[-1] == ["cocopot_hello-1.0.0.dist-info/RECORD", "", ""]

    @pytest.mark.parametrize(
        "arguments",
        [
            {"name": "a\nb"},
            {"name": " "},
            {"name": "a", "version": ""},
            {"name": "a", "dependencies": ["b\nLicense: c"]},
            {"name": "a", "dependencies": ["b\rc"]},
            {"name": {"a": "b"}, "entry_point": "c"},
            {"name": {}},
            {"name": {"[x]": "b"}},
            {"name": {"#a": "b"}, "distribution": "d"},
            {"name": {"a\rb": "b"}, "distribution": "d"},
            {"name": {"a=b": "b"}, "distribution": "d"},
            {"name": "a", "distribution": "a/b"},
            {"name": "a", "version": "1.0/../../x"},
            {"name": "a", "modules": {"../esc": "1"}},
            {"name": "a", "modules": {"a.b..c": "1"}},
        ],
    )
    def test_invalid_metadata(self, arguments: dict[str, Any]) -> None:
        """Invalid metadata raises an error, and nothing is left behind."""
        before = list(sys.path)
        with (
            pytest.raises(
                ValueError, match=r"is not a valid|cannot be written|needs a name|for a single name"
            ),
            installed_plugin(source="", **arguments),
        ):
            raise AssertionError
        assert sys.path == before


class TestUndone:
    def test_everything(self) -> None:
        """At the end folder, path, modules and discovery are as before, also after an exception."""
        before = (list(sys.path), names(), set(sys.modules))

        def use() -> None:
            with installed_plugin("hello", HELLO, modules={"pkg.inner": ""}) as plugin:
                paths.append(str(plugin.path))
                importlib.import_module("pkg.inner")
                make_app(autoload={"hello"})
                assert sys.path[0] == str(plugin.path)
                raise LookupError

        paths: list[str] = []
        with pytest.raises(LookupError):
            use()
        assert (list(sys.path), names(), set(sys.modules)) == before
        assert not Path(paths[0]).exists()
        assert paths[0] not in sys.path_importer_cache

    def test_modules_of_the_same_name(self) -> None:
        """A module that existed before is replaced, and restored at the end."""
        with installed_plugin("same", "WHO = 'outer'"):
            outer = importlib.import_module("cocopot_same")
            with installed_plugin("same", "WHO = 'inner'"):
                assert importlib.import_module("cocopot_same").WHO == "inner"
                assert names().count("same") == 1
            assert importlib.import_module("cocopot_same") is outer
        assert "cocopot_same" not in sys.modules

    def test_a_path_that_was_changed(self) -> None:
        """Removing the folder from the path inside the block does no harm."""
        with installed_plugin("hello", HELLO) as plugin:
            sys.path.remove(str(plugin.path))
        assert "hello" not in names()
