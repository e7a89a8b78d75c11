"""SIGTERM and SIGINT under each server: the request in flight, its teardown, and the shutdown hooks."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.processes import clean_environ, free_port, kill_session, wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

APP = """
import sys, time
from cocopot import Cocopot, hookimpl, request

def note(event):
    with open("events", "a") as file:
        file.write(f"{event}\\n")

class Pool:
    @hookimpl
    def cocopot_shutdown(self, app):
        note("shutdown")

app = Cocopot("shop", autoload=False, plugins=[Pool])

@app.teardown_request
def teardown(exc):
    note(f"teardown {request.path}")

@app.get("/")
def index():
    return "index"

@app.get("/slow")
def slow():
    note("slow begins")
    time.sleep(1)
    return "slow"

if __name__ == "__main__":
    _, server, port = sys.argv
    if server == "waitress":
        import waitress
        waitress.serve(app, host="127.0.0.1", port=int(port))
    else:
        app.run(port=int(port), debug=server == "debug")
"""

_GUNICORN = "-m gunicorn app:app --bind 127.0.0.1:{port} --worker-class"
TERM, INT = signal.SIGTERM, signal.SIGINT
#: Command, signal, whether the request in flight is finished, and whether the shutdown hooks run.
SERVERS = [
    (f"{_GUNICORN} sync", TERM, True, True),
    (f"{_GUNICORN} sync", INT, False, True),
    (f"{_GUNICORN} gthread --threads 2", TERM, True, True),
    (f"{_GUNICORN} gthread --threads 2", INT, True, True),
    ("-m granian app:app --interface wsgi --port {port}", TERM, True, False),
    ("-m granian app:app --interface wsgi --port {port}", INT, True, False),
    ("-m cocopot run --workers 1 --port {port}", TERM, True, True),
    ("-m cocopot run --workers 1 --port {port}", INT, True, True),
    ("-m cocopot run --port {port}", TERM, True, True),
    ("-m cocopot run --port {port}", INT, True, True),
    ("-m cocopot run --debug --port {port}", TERM, True, True),
    ("-m cocopot run --debug --port {port}", INT, True, True),
    ("-m cocopot run --without-threads --port {port}", TERM, True, True),
    ("app.py run {port}", TERM, True, True),
    ("app.py run {port}", INT, True, True),
    ("app.py debug {port}", TERM, True, True),
    ("app.py waitress {port}", TERM, False, False),
    ("app.py waitress {port}", INT, True, True),
]


def ask(port: int, path: str) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        client.request("GET", path)
        return client.getresponse().read().decode()


@pytest.mark.parametrize(("command", "number", "finishes", "shuts_down"), SERVERS)
def test_a_signal(
    tmp_path: Path, command: str, number: signal.Signals, finishes: bool, shuts_down: bool
) -> None:
    """What docs/lifecycle.md lists: a new release of a server that changes it fails here."""
    (tmp_path / "app.py").write_text(APP)
    port, events = free_port(), tmp_path / "events"
    arguments = [sys.executable, *command.format(port=port).split()]
    environ = clean_environ(XDG_RUNTIME_DIR=str(tmp_path))  # where gunicorn has its control socket
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            wait_for(lambda: ask(port, "/") == "index")
            with ThreadPoolExecutor() as pool:
                answer = pool.submit(ask, port, "/slow")
                wait_for(lambda: "slow begins" in events.read_text())
                process.send_signal(number)
                code = process.wait(20)
                error = answer.exception()
        finally:
            kill_session(process)
    assert (error is None and answer.result() == "slow") is finishes
    assert ("shutdown" in events.read_text().splitlines()) is shuts_down
    assert ("teardown /slow" in events.read_text()) is (shuts_down or finishes)
    assert code == (0 if shuts_down or finishes else -number)
