"""The code of the package `werkzeug` itself runs when one of its names is read."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processes import clean_environ


def run(code: str) -> str:
    """Run code in a new process, and return what it prints."""
    command = [sys.executable, "-c", f"import sys\n{code}"]
    process = subprocess.run(
        command, env=clean_environ(), check=True, capture_output=True, text=True, timeout=60
    )
    return process.stdout.strip()


@pytest.mark.parametrize(
    "use",
    [
        "import werkzeug; werkzeug.run_simple, werkzeug.Client",
        "from werkzeug import run_simple, Client, Request",
        "from werkzeug import test",
        "import werkzeug.serving; werkzeug.run_simple",
        "import importlib, werkzeug; importlib.reload(werkzeug).Client",
        "from werkzeug import *; run_simple",
    ],
)
@pytest.mark.parametrize("first", ["import cocopot", "import werkzeug, cocopot"])
def test_every_way_to_use_it(use: str, first: str) -> None:
    """The package is the one that an import finds, with its names, as if nothing were postponed."""
    shown = "werkzeug.Client is werkzeug.test.Client"
    assert run(f"{first}\n{use}\nimport werkzeug\nprint({shown})") == "True"


def test_it_is_postponed() -> None:
    """Without a use of it, neither the server nor the test client is imported; modules are as always."""
    shown = "'werkzeug.serving' in sys.modules, werkzeug.wrappers.Request"
    assert (
        run(f"import cocopot, werkzeug.wrappers\nprint({shown})")
        == "False <class 'werkzeug.wrappers.request.Request'>"
    )


def test_a_name_that_it_does_not_have() -> None:
    """It is an AttributeError, as of every module."""
    assert (
        run("import cocopot, werkzeug\nprint(hasattr(werkzeug, 'nothing'), hasattr(werkzeug, 'Client'))")
        == "False True"
    )


def test_several_threads() -> None:
    """Threads that read a name at the same time all get it."""
    code = """
import cocopot, threading, werkzeug
found = []
threads = [threading.Thread(target=lambda: found.append(werkzeug.Client)) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
"""
    assert run(code) == "8 1"
