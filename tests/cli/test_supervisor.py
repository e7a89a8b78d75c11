"""`cocopot run --workers N`: workers that end, and an application that cannot be started."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import cocopot, serving
from tests.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.processes import Server

pytestmark = pytest.mark.slow

#: Records the starts and ends of workers, and has views that production servers must withstand.
BASE = """
import os, signal, sys, time
from pathlib import Path
from cocopot import Cocopot, Response, hookimpl

class Notes:
    plugin_name = "notes"

    @hookimpl
    def cocopot_startup(self, app):
        if Path("broken").exists():
            raise OSError("no database")
        Path(f"started-{os.getpid()}").touch()

    @hookimpl
    def cocopot_shutdown(self, app):
        Path(f"ended-{os.getpid()}").touch()

app = Cocopot("shop", autoload=False, plugins=[Notes])

@app.get("/")
def index():
    return str(os.getpid())

@app.get("/kill/<int:number>")
def kill(number):
    os.kill(os.getpid(), number)
    time.sleep(10)

@app.get("/endless")
def endless():
    def pieces():
        while True:
            time.sleep(0.01)
            yield b"x"
    return Response(pieces())
"""
APP = f"""{BASE}
if Path("unloadable").exists():
    raise RuntimeError("no configuration")

@app.get("/exit/<int:code>")
def exit(code):
    os._exit(code)

def panic(environ, start_response, inner=app.wsgi_app):
    if environ["PATH_INFO"] != "/panic":
        return inner(environ, start_response)
    start_response("1000 NONE", [])
    return [b""]

app.wsgi_app = panic
"""


def write(folder: Path) -> None:
    (folder / "app.py").write_text(APP)


def pids(folder: Path, what: str) -> set[int]:
    return {int(path.name.partition("-")[2]) for path in folder.glob(f"{what}-*")}


def send(server: Server, path: str) -> None:
    """Send a request whose answer does not matter."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        connection.recv(100)


ENDS = {
    f"/kill/{signal.SIGKILL:d}": "was ended by SIGKILL",
    f"/kill/{signal.SIGSEGV:d}": "was ended by SIGSEGV",
    f"/kill/{signal.SIGTERM:d}": "ended with exit code 0",
    f"/kill/{signal.SIGINT:d}": "ended with exit code 0",
    "/exit/0": "ended with exit code 0",
    "/exit/1": "ended with exit code 1",
    "/exit/78": "ended with exit code 78",
    "/panic": "was ended by SIGABRT",
}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("path", ENDS)
def test_a_worker_that_ends_is_replaced(tmp_path: Path, workers: int, path: str) -> None:
    """However a worker ends, again and again, a new one starts; the log contains how it ended."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", str(workers), "--graceful-timeout", "1") as server:
        server.get()
        server.wait_for(lambda: len(pids(tmp_path, "started")) == workers)
        for round_ in range(1, 4):
            send(server, path)
            server.wait_for(lambda: len(pids(tmp_path, "started")) == workers + round_)  # noqa: B023
            assert int(server.get()[1]) in pids(tmp_path, "started")
        assert server.log.count(f"{ENDS[path]}. A new one starts.") == 3
        assert server.terminate() == 0


def test_the_other_workers_serve_on(tmp_path: Path) -> None:
    """While a worker is replaced, every request is answered by another."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "2") as server:
        server.wait_for(lambda: len(pids(tmp_path, "started")) == 2)
        serves = int(server.get()[1])
        (killed,) = pids(tmp_path, "started") - {serves}
        os.kill(killed, signal.SIGKILL)
        server.wait_for(lambda: f"(process {killed}) was ended by SIGKILL" in server.log)
        while len(pids(tmp_path, "started")) == 2:
            assert server._ask("/", tls=False) == (200, str(serves))


def test_a_worker_that_cannot_start_is_tried_again(tmp_path: Path) -> None:
    """While another worker serves, a start that fails is repeated after a delay, and each is reported."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "2") as server:
        server.wait_for(lambda: len(pids(tmp_path, "started")) == 2)
        (tmp_path / "broken").touch()
        os.kill(int(server.get()[1]), signal.SIGKILL)
        server.wait_for(lambda: "could not start the application. A new one starts in 2 s." in server.log)
        assert server.get()[0] == 200
        assert server.log.count("Error: Plugin 'notes' failed in cocopot_startup: OSError: no database") == 2
        (tmp_path / "broken").unlink()
        server.wait_for(lambda: len(pids(tmp_path, "started")) == 3)


def test_without_any_worker_the_command_ends(tmp_path: Path) -> None:
    """If the only worker ends, and none can be started any more, the exit code is 1."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "1") as server:
        server.get()
        (tmp_path / "broken").touch()
        send(server, f"/kill/{signal.SIGKILL:d}")
        assert server.process.wait(30) == 1
        assert "could not start the application. No other worker serves." in server.log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_application_that_cannot_start(tmp_path: Path, workers: str) -> None:
    """A startup hook that fails is one message, with the plugin and the cure, in place of the address."""
    write(tmp_path)
    (tmp_path / "broken").touch()
    result = cocopot(tmp_path, "run", "--workers", workers, "--port", str(free_port()))
    assert result.returncode == 1
    line = APP.splitlines().index('            raise OSError("no database")') + 1
    assert result.stdout + result.stderr == (
        " * Cocopot app 'shop', debug mode off\n"
        " * Plugins:\n"
        "     notes\n"
        "Error: Plugin 'notes' failed in cocopot_startup: OSError: no database\n"
        f'  at {tmp_path / "app.py"}:{line}: raise OSError("no database")\n'
        'To go on without it, pass disable={"notes"} or set COCOPOT_DISABLE_PLUGINS=notes.\n'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("os._exit(5)", "Error: The first worker ended with exit code 5 before it served.\n"),
        ("os._exit(78)", "Error: The first worker ended with exit code 78 before it served.\n"),
        ("os.kill(os.getpid(), 9)", "Error: The first worker was ended by SIGKILL before it served.\n"),
        ("sys.exit('no key')", "SystemExit: no key\n"),
        ("raise RuntimeError('no key')", "RuntimeError: no key\n"),
    ],
)
def test_a_worker_that_cannot_load_the_application(tmp_path: Path, text: str, message: str) -> None:
    """An application that loads in the command and not in a worker ends the command with exit code 1."""
    write(tmp_path)
    with (tmp_path / "app.py").open("a") as file:
        file.write(f"import multiprocessing\nif multiprocessing.parent_process():\n    {text}\n")
    result = cocopot(tmp_path, "run", "--workers", "2", "--port", str(free_port()))
    assert result.returncode == 1
    assert result.stderr.endswith(message)
    assert result.stderr.count(message) == 1
    assert "Process granian-worker" not in result.stderr
    assert "Running on" not in result.stderr


@pytest.mark.parametrize("args", [[], ["--workers", "1"]])
@pytest.mark.parametrize("raised", ["GeneratorExit", "BaseException"])
def test_a_startup_hook_that_raises_no_exception(tmp_path: Path, args: list[str], raised: str) -> None:
    """What is not a subclass of `Exception` is the same message, with the plugin and the cure."""
    (tmp_path / "app.py").write_text(APP.replace('OSError("no database")', f"{raised}('no database')"))
    (tmp_path / "broken").touch()
    result = cocopot(tmp_path, "run", *args, "--port", str(free_port()))
    assert result.returncode == 1
    assert f"Error: Plugin 'notes' failed in cocopot_startup: {raised}: no database\n" in result.stderr
    assert result.stderr.endswith("set COCOPOT_DISABLE_PLUGINS=notes.\n")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("args", [[], ["--workers", "1"]])
@pytest.mark.parametrize("code", ["0", "None", ""])
def test_an_application_that_exits_without_an_error(tmp_path: Path, args: list[str], code: str) -> None:
    """A server that does not serve, because the import calls `sys.exit(0)`, is an error with the line."""
    (tmp_path / "app.py").write_text(f"import sys\nsys.exit({code})\n")
    result = cocopot(tmp_path, "run", *args, "--port", str(free_port()))
    assert result.returncode == 1
    assert result.stderr.startswith("Error: The application called sys.exit(")
    assert result.stderr.endswith(f"\n  at {tmp_path / 'app.py'}:2: sys.exit({code})\n")


def test_an_endless_response_ends_with_the_limit(tmp_path: Path) -> None:
    """After --graceful-timeout a response that does not end is cut off, and the shutdown hooks run."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "2", "--graceful-timeout", "1") as server:
        server.wait_for(lambda: len(pids(tmp_path, "started")) == 2)
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            assert server.terminate() == 0
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    """A terminal sends SIGINT to each process: the second one does not wait for the limit."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "1") as server:
        server.get()
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.recv(100)
            for _ in range(2):
                os.killpg(server.process.pid, signal.SIGINT)
                time.sleep(0.5)
            assert server.process.wait(10) == 0
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGINT])
def test_an_urgent_end_of_the_main_process(tmp_path: Path, number: int) -> None:
    """SIGQUIT, and a second SIGINT, to the main process alone wait for no request; shutdown hooks run."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "1") as server:
        server.get()
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.recv(100)
            if number == signal.SIGINT:
                server.process.send_signal(number)
                time.sleep(0.5)
            server.process.send_signal(number)
            assert server.process.wait(10) == 0
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


def test_a_start_that_no_signal_interrupts(tmp_path: Path) -> None:
    """A startup hook that is busy in C runs no signal handler; a second SIGINT ends it all the same."""
    (tmp_path / "app.py").write_text(
        APP.replace('Path(f"started-', 'Path("c").touch(), sum(iter(int, 1)), Path(f"started-')
    )
    with serving(tmp_path, "run", "--workers", "2") as server:
        server.wait_for((tmp_path / "c").exists)
        for _ in range(2):
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        assert server.process.wait(10) == 0


def test_workers_end_without_their_parent(tmp_path: Path) -> None:
    """If the command is killed, its workers close the application and end, and the port is free."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "2") as server:
        server.wait_for(lambda: len(pids(tmp_path, "started")) == 2)
        server.process.kill()
        server.process.wait()
        deadline = time.monotonic() + 20
        while pids(tmp_path, "ended") != pids(tmp_path, "started") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


def test_what_the_log_contains(tmp_path: Path) -> None:
    """The address is shown once the application serves; with --access-log each request, and no warning."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "1", "--access-log", "--host", "localhost") as server:
        server.wait_for(lambda: "Running on" in server.log)
        assert server._ask("/", tls=False)[0] == 200  # at once
        server.wait_for(lambda: '127.0.0.1 - "GET / HTTP/1.1" 200' in server.log)
        assert f" * Running on http://localhost:{server.port} with 1 worker (main process" in server.log
        assert "WARNING" not in server.log
        assert "threads" not in server.log
    with serving(tmp_path, "run", "--workers", "1") as server:
        server.get()
        assert "GET /" not in server.log


def test_the_access_log_cannot_be_forged(tmp_path: Path) -> None:
    """Each request is one line, in which control characters and quotes of the path are escaped."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "1", "--access-log") as server:
        server.get()
        send(server, "/%0aFORGED%1b[31m%22%20200")
        server.wait_for(lambda: "FORGED" in server.log)
        line = next(line for line in server.log.split("\n") if "FORGED" in line)
        assert r'"GET /\nFORGED\x1b[31m\" 200 HTTP/1.1" 404' in line
        assert line.isprintable()


@pytest.mark.parametrize("args", [[], ["--workers", "1"], ["--workers", "2"]])
def test_a_server_that_cannot_start(tmp_path: Path, args: list[str]) -> None:
    """A port in use, and a host that is not this machine's, are one sentence with any server."""
    write(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = cocopot(tmp_path, "run", "--port", str(port), *args)
        message = f"Error: Port {port} is in use by another program on 127.0.0.1: stop it, or choose "
        assert (result.returncode, result.stderr.splitlines()[3:]) == (1, [f"{message}another port."])
    result = cocopot(tmp_path, "run", "--host", "192.0.2.1", *args)
    assert result.returncode == 1
    assert "Error: 192.0.2.1 is not an address of this machine: pass one" in result.stderr
    assert not pids(tmp_path, "started")


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    """A file that is not a certificate is an error that names it."""
    write(tmp_path)
    for args in ["--workers", "1"], []:
        result = cocopot(tmp_path, "run", "--cert", "app.py", *args)
        assert result.returncode == 1
        assert "Error: The certificate 'app.py' cannot be used: " in result.stderr
        assert "Traceback" not in result.stderr
