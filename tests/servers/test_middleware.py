"""What a plugin puts around the application, under each command of Cocopot's own."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.processes import clean_environ, free_port, stop_session

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("options", [[], ["--debug"], ["--workers", "2"], ["--without-threads"]])
def test_a_mount(tmp_path: Path, options: list[str]) -> None:
    """The first request reaches an application that a plugin mounts, as do those to each worker."""
    port = free_port()
    command = [sys.executable, "-m", "cocopot", "--app", "application:app", "run", "--port", str(port)]
    with subprocess.Popen(
        [*command, *options],
        cwd=Path(__file__).parent,
        env=clean_environ(XDG_RUNTIME_DIR=str(tmp_path)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            answers = [ask(port) for _ in range(8)]
        finally:
            stop_session(process)
    assert answers == ["text"] * 8


def ask(port: int) -> str:
    """Return the text of the mounted application, once the server answers."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as client:
            client.request("GET", "/ends/text")
            return client.getresponse().read().decode()
        time.sleep(0.05)
    return "no answer"
