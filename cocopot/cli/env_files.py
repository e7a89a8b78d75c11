"""Loading of `.env` and `.cocopotenv` into the environment."""

from __future__ import annotations

import importlib.util
import io
import os
import select
import stat
import time
from pathlib import Path

import click

from cocopot.environment import is_true

#: Searched for in the working directory and its parents; a later one overrides an earlier one.
FILE_NAMES = (".cocopotenv", ".env")
#: How long a pipe with one of these names may take to be written and closed, in seconds.
PIPE_TIMEOUT = 5.0
#: Environment variable that is set to read no file but that of `--env-file`.
SKIP_VARIABLE = "COCOPOT_SKIP_DOTENV"
_INSTALL_HINT = "install python-dotenv, for example with pip install 'cocopot[dotenv]'"


def read_env_files(explicit_file: str | None, *, quiet: bool = False) -> None:
    """Set the environment variables that the files define and that are not set yet.

    If COCOPOT_SKIP_DOTENV is set, only the explicit file is read.

    A file may be a pipe, such as that of a password manager, or of `--env-file <(command)`.

    Args:
        explicit_file: A file to read after the others, which overrides them.
        quiet: Whether to print no note about files that are ignored because python-dotenv is not installed,
            and to read no pipes: for completion, and for the process that the reloader starts, which inherits
            the variables.

    Raises:
        click.UsageError: If the explicit file does not exist or needs python-dotenv, which is not installed;
            or if a file cannot be read, or a variable in it cannot be set.
    """
    files = _find_files(explicit_file, quiet=quiet)
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
        timeout = None if str(file) == explicit_file else PIPE_TIMEOUT
        try:
            variables = dotenv_values(stream=io.StringIO(_read(file, timeout)))
        except (OSError, ValueError) as error:  # among them UnicodeDecodeError
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise click.UsageError(f"The file {file} cannot be read: {reason}.") from error
        values.update({name: (value, file) for name, value in variables.items()})
    for name, (value, file) in values.items():
        if value is not None:
            _set_variable(name, value, file)


def _find_files(explicit_file: str | None, *, quiet: bool) -> list[Path]:
    is_skipped = is_true(os.environ.get(SKIP_VARIABLE, ""))
    names = () if is_skipped else FILE_NAMES
    files = [path for name in names if (path := _find_file(name)) is not None]
    if explicit_file is not None:
        _check_explicit(explicit_file, quiet=quiet)
        explicit = Path(explicit_file)
        files = [*(file for file in files if file.resolve() != explicit.resolve()), explicit]
    return [file for file in files if not (quiet and _mode(file) != stat.S_IFREG)]


def _check_explicit(name: str, *, quiet: bool) -> None:
    mode = _mode(Path(name)) if name else None
    if mode is None and not (quiet and name.startswith("/dev/fd/")):  # a pipe of the parent process
        raise click.UsageError(f"The file {name!r} of --env-file does not exist.")
    if mode == stat.S_IFDIR:
        raise click.UsageError(f"{name!r} of --env-file is a directory. Name a file.")


def _mode(path: Path) -> int | None:
    """Return the type of a file as `stat.S_IFMT` does; `None` if there is no such file."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):  # a NUL character in its name
        return None


def _find_file(name: str) -> Path | None:
    """Return the nearest file of a name, which is not a directory, such as a virtual environment."""
    folder = Path.cwd()
    for parent in (folder, *folder.parents):
        mode = _mode(parent / name)
        if mode is not None and mode != stat.S_IFDIR:
            return parent / name
    return None


def _read(file: Path, timeout: float | None) -> str:
    """Return the text of a file; a pipe must be closed within the time, in seconds."""
    if timeout is None or _mode(file) != stat.S_IFIFO:
        return file.read_text("utf-8-sig")
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return _read_pipe(descriptor, time.monotonic() + timeout).decode("utf-8-sig")
    finally:
        os.close(descriptor)


def _read_pipe(descriptor: int, deadline: float) -> bytes:
    """Return what is written to a pipe until the last writer closes it.

    Raises:
        TimeoutError: It is not closed before the deadline.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    chunks: list[bytes] = []
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        chunk = os.read(descriptor, 65_536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
    raise TimeoutError(f"it is a pipe, and no program has written to it and closed it for {PIPE_TIMEOUT:g} s")


def _set_variable(name: str, value: str, file: Path) -> None:
    try:
        os.environ.setdefault(name, value)
    except (OSError, ValueError) as error:  # for example for a NUL character
        raise click.UsageError(f"The variable {name!r} of the file {file} cannot be set: {error}.") from error
