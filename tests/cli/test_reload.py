"""SIGHUP to `cocopot run --workers N`."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import serving
from tests.cli.test_supervisor import pids, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 2])
def test_new_workers_take_over(tmp_path: Path, workers: int) -> None:
    """All workers are replaced by new ones, and requests are answered all the time."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", str(workers)) as server:
        server.wait_for(lambda: len(pids(tmp_path, "started")) == workers)
        old = pids(tmp_path, "started")
        server.process.send_signal(signal.SIGHUP)
        while "Reloaded: each worker has been replaced." not in server.log:
            assert server.get()[0] == 200
        server.wait_for(lambda: pids(tmp_path, "ended") == old)
        assert int(server.get()[1]) in pids(tmp_path, "started") - old
        assert server.terminate() == 0
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("fault", ["broken", "unloadable", "syntax", "exit"])
def test_the_old_workers_serve_on(tmp_path: Path, workers: int, fault: str) -> None:
    """An application that cannot be loaded or started any more is reported once; a later reload works."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", str(workers)) as server:
        server.wait_for(lambda: len(pids(tmp_path, "started")) == workers)
        old = pids(tmp_path, "started")
        (tmp_path / fault).touch()
        if fault in {"syntax", "exit"}:
            (tmp_path / "app.py").write_text("1 +" if fault == "syntax" else "import os; os._exit(0)")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: "The reload is cancelled, and the running workers serve on." in server.log)
        assert int(server.get()[1]) in old
        errors = ("Error: no database", "Error: no configuration", "SyntaxError: ", "ended before it served")
        assert sum(server.log.count(error) for error in errors) == 1
        (tmp_path / fault).unlink()
        write(tmp_path)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: "Reloaded: each worker has been replaced." in server.log)
        assert server.terminate() == 0


def test_requests_in_flight_finish(tmp_path: Path) -> None:
    """A worker that has been replaced has the limit of SIGTERM to finish, and is then ended."""
    write(tmp_path)
    with serving(tmp_path, "run", "--workers", "1", "--graceful-timeout", "3") as server:
        server.get()
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(lambda: "Reloaded" in server.log)
            assert b"x" in connection.recv(10**6)
            assert not pids(tmp_path, "ended")
            server.wait_for(lambda: len(pids(tmp_path, "ended")) == 1)
        assert server.get()[0] == 200
