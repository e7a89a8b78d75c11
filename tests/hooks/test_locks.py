from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot, PluginError, hookimpl
from cocopot.hooks.candidates import installed
from cocopot.hooks.locks import Lock, LockedPlugin
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cocopot.testing.distributions import InstalledPlugin

MODULES = {"cocopot_shop.views": "PRICE = 1", "cocopot_shop.models": ""}


@pytest.fixture
def shop() -> Iterator[InstalledPlugin]:
    with installed_plugin("shop", "", modules=MODULES) as plugin:
        yield plugin


@pytest.fixture
def lock(shop: InstalledPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lock:
    """A lock of what is installed, which applications check."""
    plugins = {c.name: LockedPlugin.of(c) for c in installed() if c.name == "shop"}
    lock = Lock(str(tmp_path / "plugins.lock"), plugins)
    lock.write()
    monkeypatch.setenv("COCOPOT_PLUGIN_LOCK", lock.path)
    return lock


def refused(name: str = "shop") -> PluginError:
    """Return the error about a plugin, which has not been imported."""
    with pytest.raises(PluginError) as caught:
        Cocopot(__name__, autoload={name})
    assert f"cocopot_{name}" not in sys.modules
    assert caught.value.plugin == name
    assert caught.value.reason == "lock"
    return caught.value


def test_what_is_as_it_was_locked_is_loaded(lock: Lock) -> None:
    """Everything that was published is in the lock, and nothing else."""
    assert [r.name for r in Cocopot(__name__, autoload={"shop"}).plugins.records("plugin")] == ["shop"]
    read = Lock.read(lock.path).plugins["shop"]
    assert (read.distribution, read.version, read.entry_point) == ("cocopot-shop", "1.0.0", "cocopot_shop")
    assert {path for path in read.files if not path.startswith("cocopot_shop-")} == {
        "cocopot_shop/__init__.py",
        "cocopot_shop/models.py",
        "cocopot_shop/views.py",
    }
    assert all(len(digest) == 64 for digest in read.files.values())


def test_a_module_that_shadows_the_plugin(
    lock: Lock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another module of that name, earlier on Python's path, is not imported in place of what was locked."""
    shadow = tmp_path / "cocopot_shop.py"
    shadow.write_text("PRICE = 2", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    message = str(refused())
    assert f"would be imported from {shadow}, which is not a file of its distribution." in message
    assert "Remove or rename that module, or remove its folder from PYTHONPATH." in message
    shadow.unlink()
    assert Cocopot(__name__, autoload={"shop"}).plugins.records("plugin")


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("cocopot_shop/views.py", "PRICE = 2", "cocopot_shop/views.py has changed"),
        ("cocopot_shop/views.py", None, "cocopot_shop/views.py is missing"),
        (
            "cocopot_shop-1.0.0.dist-info/entry_points.txt",
            "[cocopot.plugins]\nshop = cocopot_shop.views",
            "",
        ),
    ],
)
def test_a_file_that_differs(
    file: str, text: str | None, problem: str, shop: InstalledPlugin, lock: Lock
) -> None:
    """A plugin with a changed or missing file is not imported; the error names the file and the cure."""
    path = shop.path / file
    path.unlink() if text is None else path.write_text(text, "utf-8")
    installed.cache_clear()
    error = refused()
    assert "Plugin 'shop' (cocopot-shop 1.0.0, cocopot_shop" in str(error)
    assert f"differs from the lock {lock.path}: {problem}" in str(error)
    assert "Install cocopot-shop==1.0.0 again." in error.cure
    assert f"`cocopot plugins lock {lock.path}`" in error.cure


def test_another_version(lock: Lock) -> None:
    """Version and files are named, the first few of them."""
    with installed_plugin("shop", "NEW = 1", version="1.1", modules={**MODULES, "cocopot_shop.new": ""}):
        text = str(refused())
    assert "the version is 1.1, not 1.0.0; " in text
    assert "more differences." in text


def test_a_plugin_that_is_not_in_the_lock(lock: Lock) -> None:
    """It is refused, also if the application selects everything that is installed."""
    with installed_plugin("extra", ""):
        assert f"Plugin 'extra' (cocopot-extra 1.0.0, cocopot_extra) is not in the lock {lock.path}." in str(
            refused("extra")
        )


def test_a_plugin_that_is_disabled_or_passed_is_not_checked(lock: Lock) -> None:
    """The first is not loaded; the second is part of the application."""

    class Passed:
        plugin_name = "passed"

        @hookimpl
        def cocopot_startup(self) -> None: ...

    with installed_plugin("extra", ""):
        app = Cocopot(__name__, autoload={"shop", "extra"}, disable={"extra"}, plugins=[Passed])
    assert {record.name for record in app.plugins.records("plugin")} == {"shop", "passed"}


def test_with_warn_it_is_skipped(shop: InstalledPlugin, lock: Lock) -> None:
    """An operator may prefer an application without it to none."""
    (shop.path / "cocopot_shop/views.py").write_text("", "utf-8")
    app = Cocopot(__name__, autoload={"shop"}, plugin_errors="warn")
    assert app.plugins.failed["shop"].reason == "lock"


A_PLUGIN = (
    '{"format": 1, "plugins": {"a": {"distribution": "a", "version": "1", "entry_point": "a", "files": %s}}}'
)


@pytest.mark.parametrize(
    "text",
    [
        A_PLUGIN % "5",
        A_PLUGIN % '{"a.py": 5}',
        '{"format": 1, "plugins": []}',
        None,
        "",
        "[]",
        "{}",
        '{"format": 2, "plugins": {}}',
        '{"format": 1, "plugins": {"a": {}}}',
        '{"format": 1, "plugins": {}, "plugins": {}}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_a_lock_that_cannot_be_read(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No plugin is loaded without the lock that was asked for; the error names path, cause and cure."""
    path = tmp_path / "plugins.lock"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    monkeypatch.setenv("COCOPOT_PLUGIN_LOCK", str(path))
    with pytest.raises(PluginError) as caught:
        Cocopot(__name__, autoload=False)
    assert f"The lock of plugins {str(path)!r} cannot be read: " in str(caught.value)
    assert "or correct or unset COCOPOT_PLUGIN_LOCK" in caught.value.cure
    assert caught.value.reason == "lock"


def test_a_checkout_is_locked_with_its_sources(shop: InstalledPlugin) -> None:
    """In editable mode the distribution has no files of its own; those of its package count."""
    info = next(shop.path.glob("*.dist-info"))
    url = {"url": shop.path.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(url), "utf-8")
    record = (info / "RECORD").read_text("utf-8").splitlines()
    (info / "RECORD").write_text("\n".join(line for line in record if "cocopot_shop/" not in line), "utf-8")
    installed.cache_clear()
    (candidate,) = (c for c in installed() if c.name == "shop")
    assert "cocopot_shop/views.py" in LockedPlugin.of(candidate).files


def test_a_distribution_without_a_record_cannot_be_locked(shop: InstalledPlugin) -> None:
    """There would be nothing to compare."""
    (next(shop.path.glob("*.dist-info")) / "RECORD").unlink()
    installed.cache_clear()
    (candidate,) = (c for c in installed() if c.name == "shop")
    with pytest.raises(PluginError, match="cannot be locked: its distribution has no record of its files"):
        LockedPlugin.of(candidate)


@pytest.mark.parametrize("record", [b"\xff.py,,\n", b"a,b,c,d,e\n"])
def test_a_distribution_with_an_invalid_record_cannot_be_locked(record: bytes, shop: InstalledPlugin) -> None:
    """The error names the plugin, and not only what `importlib.metadata` finds wrong."""
    (next(shop.path.glob("*.dist-info")) / "RECORD").write_bytes(record)
    installed.cache_clear()
    (candidate,) = (c for c in installed() if c.name == "shop")
    with pytest.raises(PluginError, match=r"'shop' .*the record of its files is invalid") as caught:
        LockedPlugin.of(candidate)
    assert caught.value.reason == "lock"


def test_published_bytecode_is_locked(shop: InstalledPlugin) -> None:
    """A module without its source, and a file that extends `sys.path`, are code; a cache is not."""
    files = ["cocopot_shop/tax.pyc", "shop.pth", "cocopot_shop/__pycache__/views.cpython-311.pyc"]
    (shop.path / "cocopot_shop/__pycache__").mkdir(exist_ok=True)
    with (next(shop.path.glob("*.dist-info")) / "RECORD").open("a", encoding="utf-8") as record:
        for file in files:
            (shop.path / file).write_bytes(b"")
            record.write(f"{file},,\n")
    installed.cache_clear()
    (candidate,) = (c for c in installed() if c.name == "shop")
    assert [file for file in files if file in LockedPlugin.of(candidate).files] == files[:2]
