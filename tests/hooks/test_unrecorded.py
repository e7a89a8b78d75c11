"""What Python would import as part of a distribution, and its record does not name."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot, PluginError
from cocopot.hooks.candidates import installed
from cocopot.hooks.locks import Lock, LockedPlugin
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cocopot.testing.distributions import InstalledPlugin

#: A package, a module, and a package in a namespace package: the entry point, and another module.
LAYOUTS = {
    "package": ("cocopot_shop", ["cocopot_shop.views"]),
    "module": ("cocopot_shop", []),
    "namespace": ("acme.shop", ["acme.shop.views"]),
}


@contextmanager
def install(layout: str) -> Iterator[InstalledPlugin]:
    """Install a distribution with a layout, inside the `with` block."""
    entry_point, modules = LAYOUTS[layout]
    with installed_plugin("shop", "", entry_point=entry_point, modules=dict.fromkeys(modules, "")) as plugin:
        if layout == "namespace":
            (plugin.path / "acme/__init__.py").unlink()
            (record,) = plugin.path.glob("*.dist-info/RECORD")
            lines = record.read_text("utf-8").splitlines(keepends=True)
            record.write_text("".join(line for line in lines if "acme/__init__" not in line), "utf-8")
        yield plugin


def locked() -> LockedPlugin:
    """Return what is installed now."""
    installed.cache_clear()
    (candidate,) = (candidate for candidate in installed() if candidate.name == "shop")
    return LockedPlugin.of(candidate)


def write(plugin: InstalledPlugin, path: str) -> None:
    """Put a file beside those of a distribution."""
    file = plugin.path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("", "utf-8")


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ("package", "cocopot_shop/sitecustom.py"),
        ("package", "cocopot_shop/sub/module.py"),
        ("package", "cocopot_shop/old.pyc"),
        ("package", f"cocopot_shop/views{EXTENSION_SUFFIXES[0]}"),
        ("package", "cocopot_shop/views/__init__.py"),
        ("module", "cocopot_shop/__init__.py"),
        ("module", f"cocopot_shop{EXTENSION_SUFFIXES[-1]}"),
        ("namespace", "acme/__init__.py"),
        ("namespace", "acme/shop/extra.py"),
    ],
)
def test_a_module_that_is_not_recorded(layout: str, path: str) -> None:
    """What Python would import as a part of the plugin, or in place of one, is new."""
    with install(layout) as plugin:
        before = locked()
        write(plugin, path)
        assert list(before.differences(locked())) == [f"{path} is new"]


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ("package", "cocopot_shop/__pycache__/views.cpython-311.pyc"),
        ("package", "cocopot_shop/notes.txt"),
        ("package", "other.py"),
        ("package", "cocopot_shop.py"),
        ("module", "cocopot_shop/data.txt"),
        ("module", "cocopot_shop_extra.py"),
        ("namespace", "acme/other.py"),
        ("namespace", "acme/other/__init__.py"),
    ],
)
def test_what_is_not_part_of_the_plugin(layout: str, path: str) -> None:
    """Other files, modules of others, and what has no precedence over the plugin's are not compared."""
    with install(layout) as plugin:
        before = locked()
        write(plugin, path)
        assert list(before.differences(locked())) == []


def test_a_module_of_another_distribution() -> None:
    """A distribution may put modules into the package of another one, and record them itself."""
    with install("package") as plugin:
        before = locked()
        write(plugin, "cocopot_shop/theme.py")
        write(plugin, "cocopot_theme-1.0.dist-info/METADATA")
        record = plugin.path / "cocopot_theme-1.0.dist-info" / "RECORD"
        record.write_text("cocopot_shop/theme.py,,\n", "utf-8")
        assert list(before.differences(locked())) == []


def test_a_plugin_with_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application with a lock does not import it, unless it was there when the lock was written."""
    with install("package") as plugin:
        Lock(str(tmp_path / "old"), {"shop": locked()}).write()
        write(plugin, "cocopot_shop/extra.py")
        Lock(str(tmp_path / "new"), {"shop": locked()}).write()
        monkeypatch.setenv("COCOPOT_PLUGIN_LOCK", str(tmp_path / "old"))
        with pytest.raises(PluginError, match=r"differs from the lock .*: cocopot_shop/extra\.py is new\."):
            Cocopot(__name__, autoload={"shop"})
        monkeypatch.setenv("COCOPOT_PLUGIN_LOCK", str(tmp_path / "new"))
        Cocopot(__name__, autoload={"shop"})
