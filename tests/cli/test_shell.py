"""`cocopot shell`."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot, hookimpl
from tests.cli.support import run
from tests.processes import clean_environ

if TYPE_CHECKING:
    from pathlib import Path


class Birds:
    """A plugin that contributes a name."""

    @hookimpl
    def cocopot_shell_context(self) -> dict[str, list[str]]:
        return {"birds": ["wren", "lark"]}


APP = """
from cocopot import Cocopot

app = Cocopot("shelled", autoload=False)

@app.shell_context_processor
def names():
    return {"birdcage": 7}
"""


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("shelled", autoload=False, plugins=[Birds])
    app.shell_context_processor(lambda: {"cage": 7})
    return app


def test_piped(app: Cocopot) -> None:
    """Code that is piped is run as a program, with the names of plugins and application, in a context."""
    source = "from cocopot import g\ndef both():\n    return birds, cage\nprint(both(), 'x' in g)\n"
    assert run(app, "shell", input=source) == "(['wren', 'lark'], 7) False\n"


def test_command(app: Cocopot) -> None:
    """Code may be passed on the command line."""
    assert run(app, "shell", "-c", "print(app.name, *birds)") == "shelled wren lark\n"


def test_error(app: Cocopot) -> None:
    """What the code raises is shown from the code's own line on."""
    output = run(app, "shell", "-c", "cage / 0", code=1)
    assert output.splitlines()[:2] == [
        "Traceback (most recent call last):",
        '  File "<shell>", line 1, in <module>',
    ]
    assert output.splitlines()[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("interface", [[], ["--interface", "plain"]])
def test_annotations(
    app: Cocopot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, interface: list[str]
) -> None:
    """Annotations are evaluated, in code as in the startup file, as in any module without a future import."""
    (tmp_path / "startup.py").write_text("def f(x: int): ...\n")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    source = "print(f.__annotations__)\n"
    output = run(app, "shell", *interface, input=source if interface else f"def f(x: int): ...\n{source}")
    assert "{'x': <class 'int'>}\n" in output


@pytest.mark.parametrize(
    ("source", "error"), [("cage / 0\n", "ZeroDivisionError: division"), ("cage /\n", "SyntaxError: invalid")]
)
def test_startup_file_that_fails(
    app: Cocopot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, error: str
) -> None:
    """A startup file that raises is shown, from its own line on, and the shell starts all the same."""
    (tmp_path / "startup.py").write_text(source)
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    output = run(app, "shell", "--interface", "plain", input="cage + 1\n")
    assert error in output
    assert output.count('  File "') == output.count(f'  File "{tmp_path / "startup.py"}", line 1') == 1
    assert ">>> 8\n" in output


def test_plain(app: Cocopot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Python's own shell lists the names, runs the user's startup file, and defines the names."""
    (tmp_path / "startup.py").write_text("from_startup = len(birds)\n")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    output = run(app, "shell", "--interface", "plain", input="from_startup + cage\n")
    assert "Application: shelled\nNames: app, birds, cage, g\n" in output
    assert ">>> 9\n" in output


def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "app.py").write_text(APP)
    return clean_environ(IPYTHONDIR=str(tmp_path), TERM="dumb")


def test_ipython(tmp_path: Path) -> None:
    """IPython starts with the same names."""
    result = subprocess.run(
        [sys.executable, "-m", "cocopot", "shell", "--interface", "ipython"],
        cwd=tmp_path,
        env=environment(tmp_path),
        input="%who_ls\nbirdcage + 1\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "Application: shelled" in result.stdout
    assert "In [1]:" in result.stdout
    assert "Out[2]: 8" in result.stdout


def test_ipython_is_missing(app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
    """If IPython is requested but not installed, a message names what to install."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert run(app, "shell", "--interface", "ipython", code=1) == (
        "Error: IPython is not installed: pip install ipython, or omit --interface.\n"
    )


def read_until(terminal: int, text: str) -> str:
    """Read from a terminal until a text has come."""
    seen, deadline = "", time.monotonic() + 30
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], deadline - time.monotonic())
        assert ready, f"{text!r} does not come; there is {seen!r}"
        seen += os.read(terminal, 4096).decode()
    return seen


def test_completion(tmp_path: Path) -> None:
    """On a terminal the tab key completes the names."""
    pytest.importorskip("readline", reason="Python was built without readline")
    terminal, inner = pty.openpty()
    command = [sys.executable, "-m", "cocopot", "shell", "--interface", "plain"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdin=inner, stdout=inner, stderr=inner
    ) as process:
        os.close(inner)
        try:
            assert "Names: app, birdcage" in read_until(terminal, ">>> ")
            os.write(terminal, b"birdc\t * 6\n")
            read_until(terminal, "42")
            os.write(terminal, b"exit()\n")
            assert process.wait(30) == 0
        finally:
            process.kill()
            os.close(terminal)
