"""Servers that tests start themselves, on free ports of 127.0.0.1, and end by their process."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

#: PostgreSQL refuses to run as root, and runs as this user then.
POSTGRESQL_USER = "postgres"
#: Debian has the server outside of the PATH of users.
_MARIADB_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


def find_postgresql() -> Path | None:
    """Return the folder with the programs of PostgreSQL, or `None`; Debian has them outside of the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


def as_user() -> dict[str, Any]:
    """Return the options of `subprocess` for a user that is not root."""
    if os.getuid() != 0:
        return {}
    return {"user": POSTGRESQL_USER, "group": pwd.getpwnam(POSTGRESQL_USER).pw_gid}


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Run a PostgreSQL, and yield its URL; without its programs, the test is skipped."""
    folder = find_postgresql()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    data, port, options = Path(tempfile.mkdtemp()), free_port(), as_user()
    try:
        if options:
            shutil.chown(data, POSTGRESQL_USER)
        initdb = [str(folder / "initdb"), "-D", str(data), "-U", "birds", "--auth=trust", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=data, **options)
        settings = [f"-cport={port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={data}"]
        server = [str(folder / "postgres"), "-D", str(data), *settings, "-cfsync=off"]
        with subprocess.Popen(server, cwd=data, stderr=subprocess.DEVNULL, **options) as process:
            try:
                ready = [str(folder / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
                wait_for(lambda: subprocess.run(ready, check=False, capture_output=True).returncode == 0)
                yield f"postgresql://birds@127.0.0.1:{port}/postgres"
            finally:
                process.send_signal(signal.SIGQUIT)  # at once: the data is not needed any more
    finally:
        shutil.rmtree(data)


@contextmanager
def running_mariadb() -> Iterator[str]:
    """Run a MariaDB, and yield the URL of an empty database; without its programs, the test is skipped."""
    install, program = shutil.which("mariadb-install-db"), shutil.which("mariadbd", path=_MARIADB_PATH)
    if install is None or program is None:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    folder, port = Path(tempfile.mkdtemp()), free_port()
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
        data = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={user}"]
        method = "--auth-root-authentication-method=normal"
        subprocess.run([install, *data, method], check=True, capture_output=True, cwd=folder)
        address = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
        first = folder / "first.sql"
        who = "birds@127.0.0.1"
        first.write_text(f"CREATE DATABASE shop;\nCREATE USER {who};\nGRANT ALL ON *.* TO {who};\n")
        server = [program, *data, *address, f"--init-file={first}", "--skip-name-resolve"]
        with subprocess.Popen(server, cwd=folder, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for(lambda: _accepts(port))
                yield f"mysql://birds@127.0.0.1:{port}/shop"
            finally:
                process.kill()  # at once: the data is not needed any more
    finally:
        shutil.rmtree(folder)


def _accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class RedisServer:
    """A Redis on a free port, which can be killed and started again.

    Args:
        folder: Where it runs.
        options: Further options of the program.
        is_durable: Whether what it has answered is on disk, and there again after a restart.
    """

    def __init__(self, folder: Path, *options: str, is_durable: bool = False) -> None:
        self.port = free_port()
        #: The path of its Unix socket.
        self.socket = folder / "redis.sock"
        self._folder = folder
        self._options = options
        self._is_durable = is_durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            pytest.skip("Redis is not installed: apt-get install redis-server")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket)]
        options += [
            "--save",
            "",
            "--appendonly",
            "yes" if self._is_durable else "no",
            "--appendfsync",
            "always",
        ]
        self._process = subprocess.Popen(
            [program, *options, *self._options],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._answers)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_redis(folder: Path, *options: str, is_durable: bool = False) -> Iterator[RedisServer]:
    """Run a Redis; without its program, the test is skipped.

    Args:
        folder: Where it runs.
        options: As for `RedisServer`.
        is_durable: As for `RedisServer`.
    """
    server = RedisServer(folder, *options, is_durable=is_durable)
    server.start()
    try:
        yield server
    finally:
        server.kill()
