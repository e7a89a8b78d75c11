"""Distributions in every state in which installers and people leave them."""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot import Cocopot, PluginError
from cocopot.cli import main
from cocopot.hooks.candidates import installed
from cocopot.hooks.distributions import GROUP, is_like_group, misspelled_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: cocopot-tea\nVersion: 1.0\n"
ENTRY = f"[{GROUP}]\ntea = cocopot_tea:Tea\n"
MODULE = """
from cocopot import hookimpl

class Tea:
    @hookimpl
    def cocopot_setup(self, app): ...
"""
INFO = "cocopot_tea-1.0.dist-info"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder at the beginning of `sys.path` with the distribution cocopot-tea."""
    write(
        tmp_path, {f"{INFO}/METADATA": METADATA, f"{INFO}/entry_points.txt": ENTRY, "cocopot_tea.py": MODULE}
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COCOPOT_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    installed.cache_clear()
    yield tmp_path
    installed.cache_clear()
    sys.modules.pop("cocopot_tea", None)


def write(folder: Path, files: dict[str, str | bytes | None]) -> None:
    """Write files; those without a text are removed."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_bytes(text.encode() if isinstance(text, str) else text)
    importlib.invalidate_caches()
    installed.cache_clear()


def listed() -> str:
    """Return what `cocopot plugins` prints."""
    result = CliRunner().invoke(main, ["plugins"], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize(
    "files",
    [
        {".dist-info/RECORD": ""},
        {".dist-info/METADATA": METADATA, ".dist-info/entry_points.txt": ENTRY},
        {"-1.0.dist-info/entry_points.txt": ENTRY},
        {".egg-info/PKG-INFO": METADATA, ".egg-info/entry_points.txt": ENTRY},
        {"~ocopot_tea-0.9.dist-info/METADATA": METADATA, "~ocopot_tea-0.9.dist-info/entry_points.txt": ENTRY},
        {"broken-1.0.dist-info": "a file"},
        {"empty-1.0.dist-info/RECORD": ""},
        {
            "broken-1.0.dist-info/METADATA": b"Name: \xff\n",
            "broken-1.0.dist-info/entry_points.txt": "[a]\nb=c",
        },
    ],
)
def test_what_is_not_a_distribution_is_passed_over(files: dict[str, str | bytes | None], site: Path) -> None:
    """A folder without a name, and what pip has left, stop neither an application nor the command."""
    write(site, files)
    assert Cocopot("shop", autoload={"tea"}).plugins.has_plugin("tea")
    assert listed().count("cocopot_tea:Tea") == 1


@pytest.mark.parametrize(
    "text", [None, "", "Metadata-Version: 2.1\n", METADATA.encode() + b"Summary: \xff\n"]
)
def test_unreadable_metadata_leaves_the_name_of_the_folder(text: str | bytes | None, site: Path) -> None:
    """The plugin is loaded; its distribution and version are those of the folder."""
    write(site, {f"{INFO}/METADATA": text})
    record = Cocopot("shop", autoload={"tea"}).plugins.records_by_name["tea"]
    assert (record.distribution, record.version) == ("cocopot_tea", "1.0")
    assert re.search(r"^ +\d+\. tea \(cocopot_tea 1\.0\) installed$", listed(), re.MULTILINE)


def test_a_line_that_is_there_twice_is_one_plugin(site: Path) -> None:
    """Equal lines are one entry point; the error for others names the distribution."""
    write(site, {f"{INFO}/entry_points.txt": f"{ENTRY}tea = cocopot_tea:Tea\n"})
    assert Cocopot("shop", autoload={"tea"}).plugins.has_plugin("tea")
    write(site, {f"{INFO}/entry_points.txt": f"{ENTRY}tea = cocopot_tea:Coffee\n"})
    with pytest.raises(
        PluginError, match=r"^The distribution cocopot-tea 1.0 has two plugins named 'tea'"
    ) as caught:
        Cocopot("shop", autoload={"tea"})
    assert "'cocopot_tea:Coffee' and 'cocopot_tea:Tea'" in str(caught.value)


def test_a_distribution_that_is_on_the_path_twice(
    site: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one counts, also if its metadata cannot be decoded."""
    other = tmp_path_factory.mktemp("other")
    write(other, {f"{INFO}/METADATA": METADATA, f"{INFO}/entry_points.txt": ENTRY.replace("tea =", "old =")})
    monkeypatch.setattr(sys, "path", [*sys.path, str(other)])
    write(site, {f"{INFO}/METADATA": METADATA.encode() + b"Summary: \xff\n"})
    assert {"tea", "old"} & {candidate.name for candidate in installed()} == {"tea"}


@pytest.mark.parametrize(
    "group",
    ["cocopot.plugin", "cocopot_plugins", "cocopot-plugins", "Cocopot.Plugins", "cocopot", "coocpot.plugins"],
)
def test_a_misspelled_group_is_listed(group: str, site: Path) -> None:
    """`cocopot plugins` names the distribution, the group, and the right one."""
    write(site, {f"{INFO}/entry_points.txt": ENTRY.replace(GROUP, group)})
    [error] = misspelled_groups()
    assert (error.distribution, error.reason) == ("cocopot-tea", "metadata")
    assert f"in the group {group!r}, which is not read. Did you mean 'cocopot.plugins'?" in str(error)
    assert str(error) in listed()


@pytest.mark.parametrize("group", ["cocopot.commands", "console_scripts", "pytest11", "flask.plugins", "tox"])
def test_other_groups_are_not_misspelled(group: str) -> None:
    """Groups of others, and that of commands, are not like that of plugins."""
    assert not is_like_group(group)


@pytest.mark.parametrize("header", [f"[{GROUP}", f"{GROUP}]"])
def test_a_broken_header_is_listed(header: str, site: Path) -> None:
    """Its entries would vanish without a word; the error has the line and the file's place."""
    write(site, {f"{INFO}/entry_points.txt": ENTRY.replace(f"[{GROUP}]", header)})
    assert f"cannot be read: {header!r} is not a header, such as '[cocopot.plugins]'." in listed()
    assert INFO in listed()
