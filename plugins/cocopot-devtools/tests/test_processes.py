from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cocopot_devtools.processes import cleaned_up_after_signals, innermost_frame, run_process

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
#: Starts a process that never ends, and ends itself when the other one runs.
CHILD = """
import os, subprocess, sys, time
from pathlib import Path

def fork_again():
    os.setsid()
    if os.fork():
        os._exit(0)

text = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
with open("pids", "wb") as output:
    subprocess.Popen([sys.executable, "-c", text], stdout=output, {leave})
while not Path("pids").read_text():
    time.sleep(0.01)
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


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="this system has no /proc")
@pytest.mark.parametrize("leave", [*("start_new_session=True", "process_group=0"), "preexec_fn=fork_again"])
def test_what_has_left_the_group(leave: str, tmp_path: Path) -> None:
    """Processes in sessions and groups of their own are ended, too."""
    child = CHILD.format(leave=leave)
    run_process([sys.executable, "-c", child], tmp_path, 60, cwd=tmp_path, environ=os.environ)
    pids = tmp_path.joinpath("pids").read_text("utf-8").split()
    assert pids
    assert [pid for pid in pids if is_running(pid)] == []


def is_running(pid: str) -> bool:
    """Whether a process exists, other than one that has ended and waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


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
