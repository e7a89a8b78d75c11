"""`.env`, `.cocopotenv` and `--env-file`, read by python-dotenv."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click
import pytest

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
    """A named file wins over .cocopotenv, that over .env, and the environment over all."""
    (folder / ".env").write_text("SHOP_A=env\nSHOP_B=env\nSHOP_C=env\nSHOP_D=env\n")
    (folder / ".cocopotenv").write_text("SHOP_B=cocopotenv\nSHOP_C=cocopotenv\nSHOP_D=cocopotenv\n")
    (folder / "named").write_text("SHOP_C='named file' # a comment\nSHOP_D=named\n")
    os.environ["SHOP_D"] = "real"
    read_env_files("named")
    assert shop() == {"SHOP_A": "env", "SHOP_B": "cocopotenv", "SHOP_C": "named file", "SHOP_D": "real"}


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
