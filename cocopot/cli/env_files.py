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
        click.UsageError: If there is no such file, or python-dotenv is needed for it and not installed.
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

    values: dict[str, str | None] = {}
    for file in files:
        values.update(dotenv_values(file, encoding="utf-8"))
    for name, value in values.items():
        if value is not None:
            os.environ.setdefault(name, value)


def _find(name: str) -> Path | None:
    folder = Path.cwd()
    return next((path for at in (folder, *folder.parents) if (path := at / name).is_file()), None)
