from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from cocopot_devtools.projects import _move_content, check_folder, render, write

if TYPE_CHECKING:
    from collections.abc import Callable

#: What the templates of an application need.
VALUES = {
    "distribution": "tea",
    "requirement": "cocopot",
    "included": '"/app.py"',
    "cocopot_version": "1.0",
    "more_about_serving": "",
}
FILES = {"a.txt": "a\n", "sub/deep/b.txt": "b\n", "sub/empty": ""}


def content(folder: Path) -> dict[str, str]:
    """Return the text of each file in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in files}


def test_files_are_written_into_a_new_folder(tmp_path: Path) -> None:
    """The folder is made, with folders in it, and nothing else is left beside it."""
    write(FILES, tmp_path / "new")
    assert content(tmp_path / "new") == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_new_folder_may_be_read_as_any_other(tmp_path: Path) -> None:
    """The folder has the permissions of a folder that `mkdir` makes."""
    write(FILES, tmp_path / "new")
    (tmp_path / "other").mkdir()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_an_empty_folder_is_filled_and_stays_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory can be filled without being replaced under the feet of a shell."""
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_ino
    write(FILES, Path())
    assert content(tmp_path) == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "sub"]
    assert tmp_path.stat().st_ino == before


@pytest.mark.parametrize("there", [True, False])
def test_an_error_leaves_nothing_behind(tmp_path: Path, there: bool) -> None:
    """A file that cannot be written takes those before it away again, and the error names the folder."""
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
    with pytest.raises(click.ClickException, match=r"could not be written to '.*new'"):
        write({**FILES, "a.txt/below": "a file cannot hold another one"}, folder)
    assert content(tmp_path) == {}
    assert folder.exists() is there


def test_what_appears_in_the_way_at_the_last_moment_stops_all(tmp_path: Path) -> None:
    """If one of the files cannot be moved to its place, those before it are moved back."""
    source, target = tmp_path / "source", tmp_path / "target"
    write(FILES, source)
    (target / "sub").mkdir(parents=True)
    (target / "sub" / "mine.txt").write_text("mine")
    with pytest.raises(OSError, match="sub"):
        _move_content(source, target)
    assert (content(source), content(target)) == (FILES, {"sub/mine.txt": "mine"})


def fill(folder: Path) -> None:
    folder.mkdir()
    for name in ("c", "a", "d", "b"):
        (folder / name).touch()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (fill, "is not empty: it contains a, b, c and 1 more. Nothing has been written."),
        (Path.touch, "exists, and is not a folder"),
        (lambda path: path.symlink_to("nowhere"), "exists, and is not a folder"),
    ],
)
def test_what_is_in_the_way_is_named(tmp_path: Path, prepare: Callable[[Path], object], said: str) -> None:
    """A folder with something in it, a file and a dangling link are refused."""
    prepare(tmp_path / "new")
    for refuse in (check_folder, partial(write, FILES)):
        with pytest.raises(click.UsageError) as caught:
            refuse(tmp_path / "new")
        assert said in caught.value.message


def test_a_folder_needs_one_to_lie_in(tmp_path: Path) -> None:
    """A folder in a folder that is not there is refused."""
    with pytest.raises(click.UsageError, match=r"There is no folder '.*missing' to put 'new' in\."):
        check_folder(tmp_path / "missing" / "new")


def test_templates_are_filled_in() -> None:
    """Values and names of files are replaced, no placeholder is left, and each file ends with one newline."""
    files = render("common", "app", more_steps="", **VALUES)
    assert 'name = "tea"' in files["pyproject.toml"]
    assert "${{ matrix.python }}" in files[".github/workflows/ci.yml"]
    assert all(text.endswith("\n") and not text.endswith("\n\n") for text in files.values())


def test_a_placeholder_without_a_value_is_an_error() -> None:
    """A template cannot go out with a hole in it."""
    with pytest.raises(KeyError, match="secret_key"):
        render("pages", **VALUES)


def test_a_file_of_the_last_kind_is_used() -> None:
    """A kind of project may replace files of the kinds before it, and has the rest of them."""
    files = render("app", "pages", secret_key="x", **VALUES)
    assert "render_template" in files["app.py"]
    assert files["pyproject.toml"] == render("app", **VALUES)["pyproject.toml"]
