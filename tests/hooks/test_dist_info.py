"""Distributions and entry points that are read without importlib-metadata are those that it reads."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path  # noqa: TC003 - Hypothesis reads the annotations

import importlib_metadata
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocopot.hooks.dist_info import DistInfo, distributions_in, plain_entry_points
from cocopot.hooks.distributions import GROUP

LINES = st.sampled_from(
    [
        *(f"[{GROUP}]", "[console_scripts]", "[]", "[[x]]", "[cocopot.plugins", "# tea = no", "", "  "),
        *("tea = tea", " Tea=tea:Plugin ", "a = b = c", "= x", "x =", "tea", "a = b [extra]", "\tä : b = c"),
    ]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\x0b", "\u2028"])


def write(place: Path, text: str, folder: str = "Tea_1.x-1.0.dist-info") -> DistInfo:
    info = place / folder
    info.mkdir(parents=True, exist_ok=True)
    info.joinpath("METADATA").write_text("Name: tea-1-x\nVersion: 1.0\n", encoding="utf-8")
    info.joinpath("entry_points.txt").write_bytes(text.encode())
    return DistInfo(str(info))


@given(st.lists(st.tuples(LINES, ENDS), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_entry_points_are_the_librarys(tmp_path: Path, lines: list[tuple[str, str]]) -> None:
    """Whatever the lines are, they are read as the library reads them, or left to it."""
    distribution = write(tmp_path, "".join(line + end for line, end in lines))
    found = plain_entry_points(distribution, GROUP)
    if found is None:
        with pytest.raises(TypeError):
            list(distribution.entry_points)
        return
    library = importlib_metadata.Distribution.at(tmp_path / "Tea_1.x-1.0.dist-info")
    expected = [
        (point.name, point.value, point.group) for point in library.entry_points if point.group == GROUP
    ]
    assert [(point.name, point.value, point.group) for point in found] == expected


def test_the_rest_of_a_distribution_is_the_librarys(tmp_path: Path) -> None:
    """Name, version, files and metadata, and what an entry point refers to, are read when asked for."""
    distribution = write(tmp_path, f"[{GROUP}]\ntea = json.decoder:JSONDecoder.decode [hot]\n")
    library = importlib_metadata.Distribution.at(tmp_path / "Tea_1.x-1.0.dist-info")
    for attribute in ("name", "version", "requires", "_normalized_name"):
        assert getattr(distribution, attribute) == getattr(library, attribute)
    assert str(distribution.metadata) == str(library.metadata)
    for file in ("METADATA", "", "missing", "METADATA/x"):
        assert distribution.read_text(file) == library.read_text(file)
    (point,) = plain_entry_points(distribution, GROUP) or []
    (expected,) = library.entry_points
    assert (point.module, point.attr, point.extras) == (expected.module, expected.attr, expected.extras)
    assert point.load() is expected.load()
    with pytest.raises(AttributeError, match="missing"):
        point.missing  # noqa: B018


@pytest.mark.parametrize(
    "folder", ["Tea-1.dist-info", "tea.egg-info", "tea-1.DIST-INFO", "-1.dist-info", "tea"]
)
def test_the_distributions_in_folders_are_the_librarys(folder: str, tmp_path: Path) -> None:
    """Folders of each kind are found in the library's order."""
    write(tmp_path, "", folder)
    write(tmp_path, "", "coffee-1.0.dist-info")
    places = [str(tmp_path), str(tmp_path / "missing"), ""]
    library = [str(found._path) for found in importlib_metadata.distributions(path=places)]  # type: ignore[attr-defined]
    assert [str(found._path) for found in distributions_in(places) or ()] == library


def test_an_archive_and_an_egg_are_left_to_the_library(tmp_path: Path) -> None:
    """What is in an archive, or in an egg that is on `sys.path` itself, only the library finds."""
    egg, archive = tmp_path / "tea.egg", tmp_path / "tea.zip"
    egg.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("tea-1.0.dist-info/METADATA", "Name: tea\nVersion: 1.0\n")
    assert distributions_in([str(tmp_path), str(egg)]) is None
    assert distributions_in([str(archive)]) is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_must_not_be_read_is_skipped(tmp_path: Path) -> None:
    """Without permission nothing is found, as by the library."""
    tmp_path.chmod(0)
    assert distributions_in([str(tmp_path)]) == []
    tmp_path.chmod(0o700)


def test_the_library_is_not_imported_for_a_start() -> None:
    """An application that loads installed plugins starts without importing it."""
    code = """
import sys, cocopot
app = cocopot.Cocopot("shop", static_folder=None)
assert "importlib_metadata" not in sys.modules
"""
    environment = {**os.environ, "COCOPOT_DISABLE_PLUGINS": "all"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
