from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from cocopot import Cocopot
from cocopot.paths import find_instance_path, find_root_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Lay = Callable[..., str]


@pytest.fixture
def lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lay]:
    """Return a function that writes modules into a folder, imports the last one and returns the folder."""
    before = set(sys.modules)

    def lay(*files: str, name: str, folder: str = "code") -> str:
        root = tmp_path / folder
        for file in files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).touch()
        monkeypatch.syspath_prepend(root)
        importlib.import_module(name)
        return str(root)

    yield lay
    for name in set(sys.modules) - before:
        del sys.modules[name]


class TestRootPath:
    def test_module(self, lay: Lay) -> None:
        """The root of a module is the folder that contains it."""
        root = lay("lay_module.py", name="lay_module")
        assert find_root_path("lay_module") == root

    def test_package(self, lay: Lay) -> None:
        """The root of a package is the package's own folder, however deep, and of a module the package's."""
        root = lay("lay_a/__init__.py", "lay_a/b/__init__.py", "lay_a/b/c.py", name="lay_a.b.c")
        assert find_root_path("lay_a") == f"{root}/lay_a"
        assert find_root_path("lay_a.b") == find_root_path("lay_a.b.c") == f"{root}/lay_a/b"

    def test_not_imported(self, lay: Lay) -> None:
        """A module need not have been imported."""
        root = lay("lay_other.py", "lay_later.py", name="lay_other")
        assert find_root_path("lay_later") == root
        assert "lay_later" not in sys.modules

    def test_namespace_package(self, lay: Lay) -> None:
        """The root of an imported namespace package is its folder, of which it must have one."""
        root = lay("lay_space/m.py", name="lay_space.m")
        assert find_root_path("lay_space.m") == find_root_path("lay_space") == f"{root}/lay_space"
        lay("lay_space/n.py", name="lay_space.n", folder="other")
        with pytest.raises(RuntimeError, match=r"'lay_space' .*code/lay_space.* Pass root_path="):
            find_root_path("lay_space")

    def test_folder_of_the_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder that has the name of the application, and is not imported, is no package."""
        (tmp_path / "lay_shop" / "static").mkdir(parents=True)
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(tmp_path)
        for name in ("lay_shop", "lay_shop.web"):
            app = Cocopot(name, autoload=False)
            assert (app.root_path, app.instance_path) == (str(tmp_path), str(tmp_path / "instance"))
        assert "lay_shop.web" not in sys.modules

    def test_module_without_a_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A module that is built in or created by hand has no folder: the working directory is used."""
        monkeypatch.setitem(sys.modules, "lay_made", ModuleType("lay_made"))
        for name in ("lay_made", "sys"):
            assert Cocopot(name, autoload=False).root_path == str(Path.cwd())

    @pytest.mark.parametrize("name", ["", "no_such_module", "no_such.module"])
    def test_nothing(self, name: str) -> None:
        """Without a file the root is the working directory."""
        assert find_root_path(name) == str(Path.cwd())

    def test_main(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The root of a script is its folder, and of an interactive session the working directory."""
        monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "run.py"), raising=False)
        assert find_root_path("__main__") == str(tmp_path)
        assert find_instance_path("__main__", str(tmp_path)) == str(tmp_path / "instance")
        monkeypatch.delattr(sys.modules["__main__"], "__file__")
        assert find_root_path("__main__") == str(Path.cwd())

    def test_symbolic_link(self, lay: Lay, tmp_path: Path) -> None:
        """A module that is a symbolic link has its root where the link is."""
        (tmp_path / "elsewhere.py").touch()
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "lay_link.py").symlink_to(tmp_path / "elsewhere.py")
        assert lay(name="lay_link") == find_root_path("lay_link") == str(tmp_path / "code")


class TestInstancePath:
    @pytest.mark.parametrize("name", ["lay_a", "lay_a.b", "lay_a.b.c"])
    def test_beside_the_package(self, lay: Lay, name: str) -> None:
        """The instance folder is beside the outermost package, whatever in it makes the application."""
        root = lay("lay_a/__init__.py", "lay_a/b/__init__.py", "lay_a/b/c.py", name="lay_a.b.c")
        assert Cocopot(name, autoload=False).instance_path == f"{root}/instance"

    def test_beside_the_module(self, lay: Lay) -> None:
        """The instance folder is beside a module, even with another root path."""
        root = lay("lay_module.py", name="lay_module")
        assert Cocopot("lay_module", autoload=False).instance_path == f"{root}/instance"
        assert Cocopot("lay_module", autoload=False, root_path="/srv").instance_path == f"{root}/instance"

    def test_given_root(self) -> None:
        """Without a file the instance folder is inside the root path."""
        assert Cocopot("no_such_module", autoload=False, root_path="/srv").instance_path == "/srv/instance"

    def test_not_imported(self, lay: Lay) -> None:
        """The instance folder of a package is the same whether or not the package has been imported."""
        root = lay("lay_other.py", "lay_late/__init__.py", name="lay_other")
        app = Cocopot("lay_late", autoload=False)
        assert (app.root_path, app.instance_path) == (f"{root}/lay_late", f"{root}/instance")

    @pytest.mark.parametrize("name", ["lay_zip", "lay_zip_module"])
    def test_zip(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """In an archive there is no room for the instance folder: it is beside the archive."""
        with ZipFile(tmp_path / "shop.zip", "w") as archive:
            archive.writestr("lay_zip/__init__.py", "")
            archive.writestr("lay_zip_module.py", "")
        monkeypatch.syspath_prepend(tmp_path / "shop.zip")
        importlib.import_module(name)
        app = Cocopot(name, autoload=False)
        assert app.root_path.startswith(str(tmp_path / "shop.zip"))
        assert app.instance_path == str(tmp_path / "instance")

    def test_namespace_package(self, lay: Lay, tmp_path: Path) -> None:
        """Of a namespace package's folders, the one that contains the application is used."""
        lay("lay_space/one.py", name="lay_space.one", folder="first")
        root = lay("lay_space/two.py", name="lay_space.two", folder="second")
        assert Cocopot("lay_space.two", autoload=False).instance_path == f"{root}/instance"

    def test_installed(self, lay: Lay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """An installed package has its instance folder under `var` of its environment."""
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        lay("lay_a/__init__.py", name="lay_a", folder="lib/python3/site-packages")
        assert Cocopot("lay_a", autoload=False).instance_path == f"{tmp_path}/var/lay_a-instance"
