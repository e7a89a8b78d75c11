from __future__ import annotations

import functools
import gc
import http.client
import json
import locale
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_devtools.checks.effects import SideEffect, Snapshot, watch

import cocopot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Patch = Callable[[pytest.MonkeyPatch], object]


def replaced(*args: Any) -> None:
    """A replacement that a plugin assigns to something."""


PATCHES: dict[str, Patch] = {
    "socket.create_connection": lambda patch: patch.setattr(socket, "create_connection", replaced),
    "json.loads": lambda patch: patch.delattr(json, "loads"),
    "cocopot.app.Cocopot.run": lambda patch: patch.setattr(cocopot.Cocopot, "run", replaced),
    "cocopot.response.Response.extra": lambda patch: patch.setattr(
        cocopot.Response, "extra", replaced, raising=False
    ),
    "http.client._is_legal_header_name": lambda patch: patch.setattr(
        http.client, "_is_legal_header_name", replaced
    ),
    "socket.has_ipv6": lambda patch: patch.setattr(socket, "has_ipv6", "perhaps"),
    "sys.excepthook": lambda patch: patch.setattr(sys, "excepthook", replaced),
    "os.environ (DEMO_HOME)": lambda patch: patch.setenv("DEMO_HOME", "/"),
    "the working directory": lambda patch: patch.chdir(tempfile.gettempdir()),
}


@contextmanager
def undone(do: Callable[[], object], undo: Callable[[], object]) -> Iterator[None]:
    do()
    try:
        yield
    finally:
        undo()


def set_signal() -> Any:
    before = signal.getsignal(signal.SIGUSR1)
    return undone(
        functools.partial(signal.signal, signal.SIGUSR1, signal.SIG_IGN),
        functools.partial(signal.signal, signal.SIGUSR1, before),
    )


def start_thread() -> Any:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="demo-thread")

    def stop() -> None:
        end.set()
        thread.join()

    return undone(thread.start, stop)


def add_handler() -> Any:
    handler = logging.NullHandler()
    return undone(lambda: logging.root.addHandler(handler), lambda: logging.root.removeHandler(handler))


def set_level() -> Any:
    logger = logging.getLogger("werkzeug")
    level = logger.level
    return undone(lambda: logger.setLevel(level + 1), lambda: logger.setLevel(level))


def seed() -> Any:
    state = random.getstate()
    return undone(lambda: random.seed(1), lambda: random.setstate(state))


def set_locale() -> Any:
    before = locale.setlocale(locale.LC_ALL)
    other = "C" if before != "C" else "C.UTF-8"
    return undone(
        lambda: locale.setlocale(locale.LC_ALL, other), lambda: locale.setlocale(locale.LC_ALL, before)
    )


def set_timeout() -> Any:
    return undone(lambda: socket.setdefaulttimeout(5), lambda: socket.setdefaulttimeout(None))


def set_limit() -> Any:
    limit = sys.getrecursionlimit()
    return undone(lambda: sys.setrecursionlimit(limit + 1), lambda: sys.setrecursionlimit(limit))


def add_path() -> Any:
    return undone(lambda: sys.path.append("/demo"), lambda: sys.path.remove("/demo"))


def set_interval() -> Any:
    interval = sys.getswitchinterval()
    return undone(lambda: sys.setswitchinterval(interval * 2), lambda: sys.setswitchinterval(interval))


STATES: dict[str, Callable[[], Any]] = {
    "the switch interval (sys.setswitchinterval)": set_interval,
    "the garbage collector (gc.disable)": lambda: undone(gc.disable, gc.enable),
    "sys.path ('/demo')": add_path,
    "signal handlers (SIGUSR1)": set_signal,
    "threads (demo-thread)": start_thread,
    "logging (the root logger)": add_handler,
    "logging (werkzeug)": set_level,
    "the random seed (random.seed)": seed,
    "the locale (": set_locale,
    "the default timeout of sockets (socket.setdefaulttimeout)": set_timeout,
    "the recursion limit (sys.setrecursionlimit)": set_limit,
}


@pytest.fixture(autouse=True)
def watched() -> None:
    watch()
    logging.getLogger("werkzeug")


def test_nothing() -> None:
    """Without a change there is no effect."""
    assert Snapshot.take().effects() == []


@pytest.mark.parametrize("what", PATCHES)
def test_what_is_replaced_added_or_removed(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed attribute of a module or class, and what the process has by such, is one effect."""
    before = Snapshot.take()
    PATCHES[what](monkeypatch)
    found = before.effects()
    monkeypatch.undo()
    assert [effect.what.startswith(what) for effect in found] == [True]


@pytest.mark.parametrize("what", STATES)
def test_the_state_of_the_process(what: str) -> None:
    """What has no place in a module is inspected too."""
    before = Snapshot.take()
    with STATES[what]():
        found = before.effects()
    assert [effect.what for effect in found if effect.what.startswith(what)] == [found[0].what]
    assert before.effects() == []


def test_exit_handlers() -> None:
    """A function for the end of the process is an effect; what the standard library registers is not."""
    program = """
import atexit, weakref
from cocopot_devtools.checks.effects import Snapshot, watch
watch()
before = Snapshot.take()
import concurrent.futures.process, multiprocessing.pool, multiprocessing.util
finalizer = weakref.finalize(Snapshot, print)
finalizer.detach()
print([effect.what for effect in before.effects()])
atexit.register(int)
print([effect.what for effect in before.effects()])
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n['exit handlers (atexit.register)']\n"


def test_warning_filters() -> None:
    """A filter that is added is an effect."""
    before = Snapshot.take()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BytesWarning)
        assert any(effect.what.startswith("warnings.filters (") for effect in before.effects())


def test_what_a_module_does_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches of modules, submodules, and what a package imports when it is first used are not effects."""
    before = Snapshot.take()
    monkeypatch.setattr(json, "_cache", {"a": 1}, raising=False)
    monkeypatch.setattr(json, "submodule", ModuleType("json.submodule"), raising=False)
    monkeypatch.setattr(json, "lazy", json.JSONEncoder, raising=False)
    assert before.effects() == []


def test_the_plugin_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's own package may change itself."""
    monkeypatch.setitem(sys.modules, "demo", ModuleType("demo"))
    before = Snapshot.take("demo")
    monkeypatch.setattr(sys.modules["demo"], "loaded", replaced, raising=False)
    assert before.effects() == []


def test_an_effect_says_what_it_is_now() -> None:
    """A function or class that replaces another is named."""
    assert str(SideEffect("os.getcwd", replaced)) == f"os.getcwd, which now is {__name__}.replaced"
    assert str(SideEffect("os.environ (HOME)")) == "os.environ (HOME)"
    assert os.environ  # the module os is what it was
