"""`cocopot run`, for development."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot import Cocopot
from cocopot.cli import main
from tests.cli.processes import cocopot, serving
from tests.cli.support import Ready
from tests.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import os
from cocopot import Cocopot, current_app

app = Cocopot("served", autoload=False)

@app.get("/")
def index():
    return f"{text} {{current_app.debug}} {{os.environ.get('WERKZEUG_RUN_MAIN')}}"
"""
POLLS = ("--reload", "--no-debugger")


def write(folder: Path, text: str = "first") -> None:
    (folder / "app.py").write_text(APP.format(text=text))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--port", "many"], "'many' is not a valid integer"),
        (["--fly"], "No such option"),
        (["shop"], "unexpected extra argument"),
        (["--graceful-timeout", "0"], "0 is not in the range 1<=x<=86400."),
        (["--graceful-timeout", "9999999999"], "is not in the range 1<=x<=86400."),
        (["--workers", "0"], "0 is not in the range x>=1."),
        (["--key", "key.pem"], "--key is the key of a certificate: pass --cert too."),
        (["--cert", "adhoc", "--key", "key.pem"], "--cert adhoc creates its own key"),
        (["--cert", "no.pem"], "The file 'no.pem' of --cert does not exist."),
    ],
)
def test_usage(args: list[str], message: str) -> None:
    """What the command does not understand is a usage error."""
    result = CliRunner().invoke(main, ["run", *args])
    assert result.exit_code == 2
    assert message in result.output


def test_adhoc_certificate_needs_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate cannot be created without cryptography; the message names what to install."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    result = CliRunner().invoke(main, ["run", "--cert", "adhoc"], obj=Ready(Cocopot("x", autoload=False)))
    assert (result.exit_code, result.output) == (
        1,
        "Error: --cert adhoc needs cryptography: pip install cryptography.\n",
    )


def test_serves(tmp_path: Path) -> None:
    """The application is served without debug mode; the output shows the address and the plugins."""
    write(tmp_path)
    with serving(tmp_path, "run") as server:
        assert server.get() == (200, "first False None")
        assert server.log.startswith(" * Cocopot app 'served', debug mode off\n * Plugins: none\n")
        assert f"Running on http://127.0.0.1:{server.port}" in server.log


@pytest.mark.parametrize(
    ("args", "variables", "expected"),
    [
        (["--debug", "--no-reload"], {}, "first True None"),
        (["--no-debug"], {"COCOPOT_DEBUG": "1"}, "first False None"),
        (["--no-reload"], {"COCOPOT_DEBUG": "1"}, "first True None"),
        ([*POLLS], {}, "first False true"),
        (["--debug", "--without-threads"], {}, "first True true"),
    ],
)
def test_debug_and_reload(tmp_path: Path, args: list[str], variables: dict[str, str], expected: str) -> None:
    """The option overrides the environment; debug mode enables the reloader, unless it is switched off."""
    write(tmp_path)
    with serving(tmp_path, "run", *args, **variables) as server:
        assert server.get() == (200, expected)


def test_debug_is_seen_while_the_application_is_made(tmp_path: Path) -> None:
    """--debug holds from the application's first line on, not only from the first request."""
    write(tmp_path)
    with (tmp_path / "app.py").open("a") as file:
        file.write("if app.debug:\n    app.view_functions['index'] = lambda: 'made in debug mode'\n")
    with serving(tmp_path, "run", "--debug", "--no-reload") as server:
        assert server.get() == (200, "made in debug mode")


@pytest.mark.slow
def test_reloader_survives_an_error(tmp_path: Path) -> None:
    """A change with an error is shown and served as a 500; the change that fixes it is served."""
    write(tmp_path)
    with serving(tmp_path, "run", *POLLS) as server:
        assert server.get() == (200, "first False true")
        (tmp_path / "app.py").write_text("not a program\n")
        server.wait_for(lambda: server.get()[0] == 500)
        assert 'File "' in server.log
        assert "SyntaxError: invalid syntax" in server.log
        write(tmp_path, "mended, at last,")
        server.wait_for(lambda: server.get()[0] == 200)
        assert server.get() == (200, "mended, at last, False true")


@pytest.mark.slow
def test_reloader_survives_an_exit(tmp_path: Path) -> None:
    """An application that ends itself while it is imported is an error as any other."""
    write(tmp_path)
    with serving(tmp_path, "run", *POLLS) as server:
        assert server.get() == (200, "first False true")
        (tmp_path / "app.py").write_text("import sys\nsys.exit('no database')\n")
        server.wait_for(lambda: server.get()[0] == 500)
        assert "SystemExit: no database" in server.log
        served = "RuntimeError: The application called sys.exit('no database') while it was imported."
        server.wait_for(lambda: served in server.log)
        write(tmp_path, "mended")
        server.wait_for(lambda: server.get() == (200, "mended False true"))


@pytest.mark.slow
def test_reloader_survives_a_base_exception(tmp_path: Path) -> None:
    """An import that raises what is not a subclass of `Exception` is an error as any other."""
    write(tmp_path)
    with serving(tmp_path, "run", *POLLS) as server:
        assert server.get() == (200, "first False true")
        (tmp_path / "app.py").write_text("raise BaseException('no database')\n")
        server.wait_for(lambda: server.get()[0] == 500)
        assert "BaseException: no database" in server.log
        write(tmp_path, "mended")
        server.wait_for(lambda: server.get() == (200, "mended False true"))


@pytest.mark.slow
def test_reloader_survives_a_missing_application(tmp_path: Path) -> None:
    """So it is when the module has no application for a while."""
    write(tmp_path)
    with serving(tmp_path, "run", *POLLS) as server:
        assert server.get()[0] == 200
        (tmp_path / "app.py").write_text("# nothing here\n")
        server.wait_for(lambda: server.get()[0] == 500)
        assert "There is no application in the module 'app'" in server.log
        write(tmp_path, "back again")
        server.wait_for(lambda: server.get() == (200, "back again False true"))


@pytest.mark.slow
def test_extra_files(tmp_path: Path) -> None:
    """A change of another file than a module restarts the server, if the file is named."""
    write(tmp_path)
    extra, other = tmp_path / "settings.txt", tmp_path / "more.txt"
    extra.write_text("1")
    other.write_text("1")
    files = os.pathsep.join(map(str, (extra, other)))
    with serving(tmp_path, "run", *POLLS, "--extra-files", files) as server:
        assert server.get()[0] == 200
        os.utime(other, (1, 2_000_000_000))
        server.wait_for(lambda: "Detected change in" in server.log)
        assert "more.txt" in server.log
        assert server.get()[0] == 200


@pytest.mark.slow
def test_exclude_patterns(tmp_path: Path) -> None:
    """A file that matches a pattern is not watched, even if it is named."""
    write(tmp_path)
    for name in ("watched.txt", "generated.txt"):
        (tmp_path / name).write_text("1")
    files = os.pathsep.join(str(tmp_path / name) for name in ("generated.txt", "watched.txt"))
    patterns = os.pathsep.join(["*/nothing/*", "*/generated.*"])
    options = ("--extra-files", files, "--exclude-patterns", patterns)
    with serving(tmp_path, "run", *POLLS, *options) as server:
        assert server.get()[0] == 200
        os.utime(tmp_path / "generated.txt", (1, 2_000_000_000))
        os.utime(tmp_path / "watched.txt", (1, 2_000_000_000))
        server.wait_for(lambda: "Detected change in" in server.log)
        assert "generated.txt" not in server.log
        assert "watched.txt" in server.log


def test_error_at_the_start(tmp_path: Path) -> None:
    """An error at the first start ends the command, also with the reloader."""
    (tmp_path / "app.py").write_text("1 / 0\n")
    result = cocopot(tmp_path, "run", "--debug", "--port", str(free_port()))
    assert result.returncode == 1
    assert result.stderr.startswith(
        f'Traceback (most recent call last):\n  File "{tmp_path / "app.py"}", line 1, in <module>\n'
    )


REFUSING = """
from cocopot import Cocopot, PluginError, hookimpl

class Store:
    plugin_name = "store"

    @hookimpl
    def cocopot_startup(self):
        raise PluginError("The table is missing.", plugin=%r, cure="Run `create`.")

app = Cocopot("shop", autoload=False, plugins=[Store])
"""


@pytest.mark.parametrize(
    ("plugin", "lines"),
    [
        (
            "store",
            [
                "Error: Plugin 'store' failed in cocopot_startup: The table is missing.",
                "Run `create`.",
                'To go on without it, pass disable={"store"} or set COCOPOT_DISABLE_PLUGINS=store.',
            ],
        ),
        (
            "tags",
            [
                "Error: The table is missing. Run `create`.",
                "Raised by plugin 'store' in hook cocopot_startup.",
            ],
        ),
    ],
)
def test_cure_of_an_error_at_the_start(tmp_path: Path, plugin: str, lines: list[str]) -> None:
    """It is printed with the error, and what a plugin raises about another one keeps its name."""
    (tmp_path / "app.py").write_text(REFUSING % plugin)
    result = cocopot(tmp_path, "run", "--port", str(free_port()))
    assert result.returncode == 1
    error = result.stderr.partition("Error: ")
    printed = [line for line in "".join(error[1:]).splitlines() if not line.startswith("  at ")]
    assert printed == lines


FAILING = """
from cocopot import Cocopot
app = Cocopot("failing", autoload=False)
app.add_url_rule("/", "index", lambda: 1 / 0)
"""


@pytest.mark.parametrize(
    ("args", "offered"),
    [
        (["--host", "127.0.0.1"], True),
        (["--host", "0.0.0.0"], False),
        (["--host", "0.0.0.0", "--debugger"], True),
        (["--host", "127.0.0.1", "--no-debugger"], False),
    ],
)
def test_debugger(tmp_path: Path, args: list[str], offered: bool) -> None:
    """The debugger is enabled on a loopback address, and otherwise only if it is requested."""
    (tmp_path / "app.py").write_text(FAILING)
    with serving(tmp_path, "run", "--debug", "--no-reload", *args) as server:
        status, body = server.get()
        assert status == 500
        assert ("EVALEX = true" in body) is offered


@pytest.mark.parametrize("args", [["--no-reload"], []])
def test_message_that_the_debugger_is_off(tmp_path: Path, args: list[str]) -> None:
    """It contains the option of the command, once, also with the reloader."""
    write(tmp_path)
    with serving(tmp_path, "run", "--debug", "--host", "0.0.0.0", *args) as server:
        server.get()
        assert (
            server.log.count("The interactive debugger stays off, because the server listens on 0.0.0.0") == 1
        )
        assert "To enable it anyway, pass --debugger.\n" in server.log
        assert "RuntimeWarning" not in server.log


@pytest.mark.slow
def test_debugger_of_an_application_that_cannot_be_loaded(tmp_path: Path) -> None:
    """Where SERVER_NAME lets other machines reach the server, a failing reload offers them no debugger."""
    write(tmp_path)
    with (tmp_path / "app.py").open("a") as file:
        file.write("app.config['SERVER_NAME'] = '0.0.0.0'\n")
    with serving(tmp_path, "run", "--debug") as server:
        server.get()
        (tmp_path / "app.py").write_text("1 / 0\n")
        server.wait_for(lambda: server.get()[0] == 500)
        assert "EVALEX" not in server.get()[1]
        assert "The interactive debugger stays off" in server.log


@pytest.mark.slow
def test_certificate(tmp_path: Path) -> None:
    """With a certificate it serves TLS."""
    write(tmp_path)
    openssl = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    command = [*openssl.split(), "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    with serving(tmp_path, "run", "--cert", "cert.pem", "--key", "key.pem") as server:
        assert server.get(tls=True) == (200, "first False None")
        with socket.create_connection(("127.0.0.1", server.port)):  # which keeps its thread only
            assert server._ask("/", tls=True) == (200, "first False None")


def test_run_in_the_module(tmp_path: Path) -> None:
    """A module that calls app.run() where it is imported is served once, by the command."""
    write(tmp_path)
    with (tmp_path / "app.py").open("a") as file:
        file.write("app.run(port=1)\n")
    with serving(tmp_path, "run") as server:
        assert server.get() == (200, "first False None")
        assert "app.run() is ignored" in server.log
