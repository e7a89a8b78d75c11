from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.processes import cleaned_up_after_signals, innermost_frame

if TYPE_CHECKING:
    from pathlib import Path

#: Starts a process that never ends, and is ended by a signal while it waits.
WAITING = """
import os, signal, sys, tempfile
from pathlib import Path
from cocopot_devtools.processes import cleaned_up_after_signals, run_process

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it may have been inherited as ignored
folder = Path(sys.argv[1])
child = f"import os, signal, time; os.kill({os.getpid()}, signal.{sys.argv[2]}); time.sleep(60)"
with cleaned_up_after_signals(), tempfile.TemporaryDirectory(dir=folder) as name:
    run_process([sys.executable, "-c", child], Path(name), 60, cwd=folder, environ=os.environ)
"""
DUMP = f"""\
Thread 0x1 (most recent call first):
  File "/home/other.py", line 1 in other

Thread 0x2 (most recent call first):
  File "{subprocess.__file__}", line 5 in run
  File "/home/demo.py", line 7 in <module>
  File "<frozen importlib._bootstrap>", line 9 in _load
  File "/home/app.py", line 8 in <module>
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal(name: str, tmp_path: Path) -> None:
    """A temporary folder is removed, and the status is that of the signal, as in a shell."""
    done = subprocess.run([sys.executable, "-c", WAITING, tmp_path, name], timeout=30, check=False)
    assert done.returncode == 128 + signal.Signals[name]
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored() -> None:
    """It remains so, as under nohup; a handler is replaced only for the time of the block."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cleaned_up_after_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert callable(signal.getsignal(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("dump", "expected"),
    [
        (DUMP, "/home/demo.py:7"),
        (DUMP.replace("Thread 0x1", "Current thread 0x1"), "/home/other.py:1"),
        ("", ""),
    ],
)
def test_the_innermost_frame(dump: str, expected: str) -> None:
    """It is that of the main thread, or of the one that crashed, outside of the standard library."""
    assert innermost_frame(dump) == expected
