"""Read `.env` and `.cocopotenv` into the environment."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import click

#: Looked for in the working directory and the folders above it; a later one wins.
NAMES = (".env", ".cocopotenv")
_ADVICE = "install python-dotenv, for example with pip install 'cocopot[dotenv]'"


def read_env_files(named: str | None, *, quiet: bool = False) -> None:
    """Set the environment variables that the files name and that are not set yet.

    Args:
        named: A file to read after the others, which wins over them.
        quiet: Whether to say nothing of files that cannot be read because python-dotenv is not installed.

    Raises:
        click.UsageError: If there is no such file, if python-dotenv is needed for it and not installed, or if
            a file cannot be read, or a variable in it cannot be set.
    """
    if named is not None and not Path(named).is_file():
        raise click.UsageError(f"There is no file {named!r} to read with --env-file.")
    files = [path for name in NAMES if (path := _find(name)) is not None]
    files += [Path(named)] if named is not None else []
    if not files:
        return
    if importlib.util.find_spec("dotenv") is None:
        if named is not None:
            raise click.UsageError(f"To use --env-file, {_ADVICE}.")
        if not quiet:
            click.echo(f" * Not read: {', '.join(map(str, files))}. To have it read, {_ADVICE}.", err=True)
        return
    from dotenv import dotenv_values

    values: dict[str, tuple[str | None, Path]] = {}
    for file in files:
        try:
            found = dotenv_values(file, encoding="utf-8")
        except (OSError, ValueError) as error:  # among them UnicodeDecodeError
            raise click.UsageError(f"The file {file} cannot be read: {error}.") from error
        values.update({name: (value, file) for name, value in found.items()})
    for name, (value, file) in values.items():
        if value is not None:
            _set(name, value, file)


def _set(name: str, value: str, file: Path) -> None:
    try:
        os.environ.setdefault(name, value)
    except (OSError, ValueError) as error:  # such as for a NUL in it
        raise click.UsageError(f"The variable {name!r} of the file {file} cannot be set: {error}.") from error


def _find(name: str) -> Path | None:
    folder = Path.cwd()
    return next((path for at in (folder, *folder.parents) if (path := at / name).is_file()), None)
