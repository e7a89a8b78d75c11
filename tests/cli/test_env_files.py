"""`.env`, `.cocopotenv` and `--env-file`, read by python-dotenv."""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import click
import pytest

from cocopot.cli import env_files
from cocopot.cli.env_files import read_env_files
from tests.cli.processes import cocopot

if TYPE_CHECKING:
    from pathlib import Path

APP = "from cocopot import Cocopot\n{name} = Cocopot('{name}', autoload=False)\n"


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the variables that were read at the end."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in "ABCD":
        os.environ.pop(f"SHOP_{name}", None)


def shop() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("SHOP_")}


def test_which_wins(folder: Path) -> None:
    """A named file wins over .env, that over .cocopotenv, and the environment over all."""
    (folder / ".env").write_text("SHOP_A=env\nSHOP_B=env\nSHOP_C=env\nSHOP_D=env\n")
    (folder / ".cocopotenv").write_text("SHOP_B=cocopotenv\nSHOP_C=cocopotenv\nSHOP_D=cocopotenv\n")
    (folder / "named").write_text("SHOP_C='named file' # a comment\nSHOP_D=named\n")
    os.environ["SHOP_D"] = "real"
    read_env_files("named")
    assert shop() == {"SHOP_A": "env", "SHOP_B": "env", "SHOP_C": "named file", "SHOP_D": "real"}


@pytest.mark.parametrize(
    ("value", "expected"), [("1", {"SHOP_C": "named"}), ("0", {"SHOP_A": "env", "SHOP_C": "named"})]
)
def test_skipped(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str, expected: dict[str, str]) -> None:
    """With COCOPOT_SKIP_DOTENV no file is read, except for one that is named."""
    monkeypatch.setenv("COCOPOT_SKIP_DOTENV", value)
    (folder / ".env").write_text("SHOP_A=env\n")
    (folder / "named").write_text("SHOP_C=named\n")
    read_env_files("named")
    assert shop() == expected


def test_above(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files may be in a parent of the working directory; the nearest is read."""
    (folder / ".env").write_text("SHOP_A=above\n")
    (folder / "inside").mkdir()
    monkeypatch.chdir(folder / "inside")
    read_env_files(None)
    assert shop() == {"SHOP_A": "above"}


def test_without_python_dotenv(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the library a hint names what to install; for an explicit file it is an error."""
    monkeypatch.setitem(sys.modules, "dotenv", None)
    read_env_files(None)
    assert capsys.readouterr().err == ""
    (folder / ".env").write_text("SHOP_A=env\n")
    read_env_files(None)
    message = capsys.readouterr().err
    assert str(folder / ".env") in message
    assert "install python-dotenv, for example with pip install 'cocopot[dotenv]'" in message
    read_env_files(None, quiet=True)
    assert (shop(), capsys.readouterr().err) == ({}, "")
    with pytest.raises(click.UsageError, match="To use --env-file, install python-dotenv"):
        read_env_files(".env")


def test_no_such_file(folder: Path) -> None:
    """A file that is named must be there."""
    with pytest.raises(click.UsageError, match=r"The file 'nowhere\.env' of --env-file does not exist"):
        read_env_files("nowhere.env")


def test_before_the_application_is_looked_for(folder: Path) -> None:
    """The files may name the application, and switch debug mode on."""
    (folder / "one.py").write_text(APP.format(name="one"))
    (folder / "two.py").write_text(APP.format(name="two"))
    (folder / ".env").write_text("COCOPOT_APP=one\nCOCOPOT_DEBUG=1\n")
    (folder / "other.env").write_text("COCOPOT_APP=two\n")
    code = ("shell", "-c", "print(app.name, app.debug)")
    assert cocopot(folder, *code).stdout == "one True\n"
    assert cocopot(folder, "--env-file", "other.env", *code).stdout == "two True\n"
    assert cocopot(folder, *code, COCOPOT_APP="two", COCOPOT_DEBUG="0").stdout == "two False\n"


@pytest.mark.parametrize(
    ("content", "message"), [(b"A=\xff\n", "cannot be read"), (b"SHOP_A=x\0y\n", "'SHOP_A'")]
)
def test_unreadable(folder: Path, content: bytes, message: str) -> None:
    """A file that cannot be read, or a value that cannot be set, is named in one message."""
    (folder / ".env").write_bytes(content)
    process = cocopot(folder, "routes")
    assert process.returncode == 2
    assert message in process.stderr
    assert str(folder / ".env") in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(("name", "explicit"), [(".env", None), ("secrets", "secrets"), (".env", ".env")])
def test_pipe(folder: Path, name: str, explicit: str | None) -> None:
    """A pipe is read like a file, whether it is found or named."""
    path = folder / name
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("SHOP_A=piped\n" + "#" * 100_000,))
    writer.start()
    read_env_files(explicit)
    writer.join()
    assert shop() == {"SHOP_A": "piped"}


def test_pipe_without_writer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that is found, and that no program writes to, is an error after a while."""
    os.mkfifo(folder / ".cocopotenv")
    monkeypatch.setattr(env_files, "PIPE_TIMEOUT", 0.05)
    with pytest.raises(click.UsageError, match=r"\.cocopotenv cannot be read: it is a pipe, and no program"):
        read_env_files(None)
    read_env_files(None, quiet=True)


def test_process_substitution(folder: Path) -> None:
    """`--env-file <(command)` of a shell works, also if the command writes nothing."""
    (folder / "app.py").write_text(APP.format(name="app"))
    for command, name in (("echo COCOPOT_APP=two", "two"), ("true", "app")):
        (folder / "two.py").write_text(APP.format(name="two"))
        line = f'"$0" -m cocopot --env-file <({command}) shell -c "print(app.name)"'
        result = cocopot(folder, line, sys.executable, command=("bash", "-c"))
        assert (result.stdout, result.stderr) == (f"{name}\n", "")


def test_reloader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that the reloader starts inherits the variables, and does not have the shell's pipe."""
    (folder / ".env").write_text("SHOP_A=env\n")
    read_env_files("/dev/fd/987", quiet=True)
    assert shop() == {"SHOP_A": "env"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "'folder' of --env-file is a directory. Name a file."),
        ("", "The file '' of --env-file does not exist."),
        ("a\0b", "--env-file does not exist."),
        ("socket", "The file socket cannot be read: No such device or address."),
        ("loop", "The file 'loop' of --env-file does not exist."),
    ],
)
def test_what_is_no_file(folder: Path, name: str, message: str) -> None:
    """What cannot be read is an error with the reason."""
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(click.UsageError) as caught:
            read_env_files(name)
    assert message in caught.value.message


def test_folder_with_the_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory named .env, such as a virtual environment, is not one; the search goes on above it."""
    (folder / ".env").write_text("\ufeffSHOP_A=above\n", "utf-8")
    (folder / "inside" / ".env").mkdir(parents=True)
    monkeypatch.chdir(folder / "inside")
    read_env_files(None)
    assert shop() == {"SHOP_A": "above"}
