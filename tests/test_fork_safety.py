"""The child of a fork does not wait for what other threads of its parent hold."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from cocopot.fork_safety import fork_safe
from tests.processes import run_script

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

SCRIPT = """
import asyncio, os, signal, threading
import cocopot.event_loop, cocopot.lazy_werkzeug, cocopot.pipeline.sessions, cocopot.sse
from cocopot import Cocopot

app = Cocopot("birds", autoload=False)
client = app.test_client()
held, done = threading.Event(), threading.Event()

@app.get("/")
async def index():
    return "index"

def fork(hold, check):
    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    if child := os.fork():
        print(os.waitpid(child, 0)[1], flush=True)
        done.set()
        return thread.join()
    signal.alarm(30)
    check()
    app.close()
    os._exit(0)
"""
HELD = """
app.add_property("bird", lambda app: "wren")
app.add_url_rule("/bird", "bird", lambda: app.bird)
app.add_url_rule("/events", "events", lambda: cocopot.event_stream(iter(["a"])))
app.add_url_rule("/session", "session", lambda: str(cocopot.session.get("a")))

def hold():
    with {lock}:
        held.set()
        done.wait(60)

def check():
    assert client.get("/bird").text == "wren"
    assert "data: a" in client.get("/events").text
    assert client.get("/session").text == "None"
    assert client.get("/").text == "index"

fork(hold, check)
"""
STARTING = """
@app.on_startup
def start():
    app.extensions.setdefault("starts", []).append(os.getpid())
    held.set()
    if os.getpid() == parent:
        done.wait(60)

def check():
    assert client.get("/").text == "index"
    assert app.extensions["starts"] == [parent, os.getpid()]

parent = os.getpid()
fork(app.start, check)
assert app.started and app.extensions["starts"] == [parent]
"""


def run(tmp_path: Path, text: str) -> list[str]:
    """Run a program, and return the words that it prints; Python 3.12 warns of forks with threads."""
    return run_script(tmp_path / "script.py", SCRIPT + text, PYTHONWARNINGS="ignore").stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize(
    "lock",
    [
        *("cocopot.event_loop._lock", "cocopot.open_streams._lock", "cocopot.pipeline.sessions._creation"),
        *("cocopot.lazy_werkzeug._LOCK", "app.plugins._lock", "app.plugins.lifespan_lock"),
        *("app.router._lock", "app.properties['bird'].lock"),
    ],
)
def test_a_lock_that_another_thread_holds(tmp_path: Path, lock: str) -> None:
    """The child serves requests while a thread of the parent holds one of the locks."""
    assert run(tmp_path, HELD.format(lock=lock)) == ["0"]


@pytest.mark.slow
def test_a_start_in_another_thread(tmp_path: Path) -> None:
    """The child starts the application itself, and that of the parent is not changed."""
    assert run(tmp_path, STARTING) == ["0"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_lock_of_the_thread_that_forks() -> None:
    """The child holds it, too, and can release it."""
    lock = fork_safe(threading.RLock())
    with lock:
        if not (child := os.fork()):
            try:
                lock.release()
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
