"""Projects that are rendered from templates, and written completely or not at all."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A folder for each kind of project, with its files as `string.Template` reads them.
TEMPLATES = Path(__file__).with_name("templates")
SUFFIX = ".tmpl"


def render(*kinds: str, identifier: str = "", **values: str) -> dict[str, str]:
    """Fill in the templates of a project.

    Args:
        kinds: Folders of templates; the project has the files of all of them.
        identifier: Replaces `NAME` in the names of files and folders.
        values: The value of each `$placeholder`.

    Returns:
        The text of each file, by its path in the project, with `/` between folders.
    """
    files = {}
    for folder in (TEMPLATES / kind for kind in kinds):
        for template in folder.rglob(f"*{SUFFIX}"):
            path = template.relative_to(folder).as_posix().removesuffix(SUFFIX)
            text = Template(template.read_text("utf-8")).substitute(values).rstrip()
            files[path.replace("NAME", identifier)] = f"{text}\n" if text else ""
    return dict(sorted(files.items()))


def check_folder(folder: Path) -> None:
    """Reject a folder in which a project cannot be written, or that is not empty.

    Raises:
        click.UsageError: If it is; the message has the reason.
    """
    if folder.is_dir():
        names = sorted(entry.name for entry in folder.iterdir())
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise click.UsageError(
                f"The folder '{folder}' is not empty: it contains {', '.join(names[:3])}{more}. "
                "Nothing has been written. Name a folder that is empty, or that is not there yet."
            )
    elif folder.exists() or folder.is_symlink():
        raise click.UsageError(f"'{folder}' exists, and is not a folder. Name another one.")
    elif not folder.parent.is_dir():
        raise click.UsageError(f"There is no folder '{folder.parent}' to put '{folder.name}' in.")


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write a project into a folder that is empty or does not exist yet.

    The files are written beside their place and moved there when all of them are complete, so that an error
    leaves nothing behind.

    Args:
        files: The text of each file, by its path in the project.
        folder: The project's folder.

    Raises:
        click.UsageError: If the folder is not empty, see `check_folder`.
        click.ClickException: If the folder cannot be written to.
    """
    check_folder(folder)
    is_there = folder.is_dir()
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder if is_there else folder.parent) as place:
            project = Path(place, "project")
            for path, text in files.items():
                project.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
                project.joinpath(path).write_text(text, encoding="utf-8", newline="\n")
            if is_there:
                _move_content(project, folder)
            else:
                project.rename(folder)
    except OSError as error:
        raise click.ClickException(f"The project could not be written to '{folder}': {error}.") from error


def _move_content(source: Path, target: Path) -> None:
    """Move what is in a folder into another one, all or nothing.

    The other one may be the working directory, and so is not replaced as a whole.
    """
    with ExitStack() as undo:
        for entry in sorted(source.iterdir()):
            entry.rename(target / entry.name)
            undo.callback((target / entry.name).rename, entry)
        undo.pop_all()
