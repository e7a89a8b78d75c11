"""Loading of `.env` and `.cocopotenv` into the environment."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import click

#: Searched for in the working directory and its parents; a later one overrides an earlier one.
FILE_NAMES = (".env", ".cocopotenv")
_INSTALL_HINT = "install python-dotenv, for example with pip install 'cocopot[dotenv]'"


def read_env_files(explicit_file: str | None, *, quiet: bool = False) -> None:
    """Set the environment variables that the files define and that are not set yet.

    Args:
        explicit_file: A file to read after the others, which overrides them.
        quiet: Whether to omit the note about files that are ignored because python-dotenv is not installed.

    Raises:
        click.UsageError: If the explicit file does not exist or needs python-dotenv, which is not installed;
            or if a file cannot be read, or a variable in it cannot be set.
    """
    if explicit_file is not None and not Path(explicit_file).is_file():
        raise click.UsageError(f"The file {explicit_file!r} of --env-file does not exist.")
    files = [path for name in FILE_NAMES if (path := _find_file(name)) is not None]
    files += [Path(explicit_file)] if explicit_file is not None else []
    if not files:
        return
    if importlib.util.find_spec("dotenv") is None:
        if explicit_file is not None:
            raise click.UsageError(f"To use --env-file, {_INSTALL_HINT}.")
        if not quiet:
            click.echo(f" * Not read: {', '.join(map(str, files))}. To read it, {_INSTALL_HINT}.", err=True)
        return
    from dotenv import dotenv_values

    values: dict[str, tuple[str | None, Path]] = {}
    for file in files:
        try:
            variables = dotenv_values(file, encoding="utf-8")
        except (OSError, ValueError) as error:  # among them UnicodeDecodeError
            raise click.UsageError(f"The file {file} cannot be read: {error}.") from error
        values.update({name: (value, file) for name, value in variables.items()})
    for name, (value, file) in values.items():
        if value is not None:
            _set_variable(name, value, file)


def _set_variable(name: str, value: str, file: Path) -> None:
    try:
        os.environ.setdefault(name, value)
    except (OSError, ValueError) as error:  # for example for a NUL character
        raise click.UsageError(f"The variable {name!r} of the file {file} cannot be set: {error}.") from error


def _find_file(name: str) -> Path | None:
    folder = Path.cwd()
    return next((path for parent in (folder, *folder.parents) if (path := parent / name).is_file()), None)
