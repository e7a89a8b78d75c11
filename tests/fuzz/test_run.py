"""The fuzzer itself, and a short run of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.exchange import Answer
from tests.fuzz.messages import make_message
from tests.fuzz.run import COMMANDS, Report, fuzz, main, parse, problems_of_log

if TYPE_CHECKING:
    from pathlib import Path


def test_the_same_number_makes_the_same_request() -> None:
    """A request depends on the seed and its number, and on nothing else."""
    messages = [make_message(1, number) for number in range(200)]
    assert messages == [make_message(1, number) for number in range(200)]
    assert messages != [make_message(2, number) for number in range(200)]


def test_requests_are_varied() -> None:
    """Most requests differ, and many of them are sound enough for another one to follow on the connection."""
    messages = [make_message(1, number) for number in range(1000)]
    assert len({message.data for message in messages}) > 800
    assert 200 < sum(message.is_sound for message in messages) < 900


@pytest.mark.parametrize(
    ("outcome", "is_meant", "is_sound", "is_failure"),
    [
        *(("500", False, True, True), ("500", True, True, False), ("503", False, False, True)),
        *(("501", False, True, False), ("hang", False, False, True), ("400", False, True, False)),
        *(("closed", False, False, False), ("closed", False, True, True), ("cut short", False, True, True)),
    ],
)
def test_failures(outcome: str, is_meant: bool, is_sound: bool, is_failure: bool) -> None:
    """A hang is a failure, and so is a 500 that no view has meant, or a sound request without an answer."""
    report = Report("waitress")
    report.add(7, Answer(outcome, "1", is_meant, is_sound, 0.1))
    assert report.failures == ([(7, outcome)] if is_failure else [])
    assert ("FAILURE" in report.as_text()) is is_failure


def test_log(tmp_path: Path) -> None:
    """A line that a client has written into the log is a problem, and so is a traceback of Cocopot."""
    log = tmp_path / "log.txt"
    frames = '  File "/cocopot/x.py", line 1, in x\n    y()\n'
    trace = f"Traceback (most recent call last):\n{frames}ValueError: y\n"
    log.write_text(f"ERROR: x\nFORGED-LINE\n{trace}{trace.replace('cocopot', 'waitress')}")
    assert problems_of_log(log) == [
        "1 lines of the log have been written by clients.",
        "1 tracebacks end with 'ValueError: y'",
    ]


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    """A request can be printed by its number."""
    assert main(["--show", "--first", "3", "--requests", "1"]) == 0
    assert capsys.readouterr().out == f"3 {make_message(1, 3).data!r}\n"


def test_unknown_server(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that the fuzzer does not know is an error of the command line."""
    with pytest.raises(SystemExit):
        parse(["apache"])
    assert "unknown server: apache" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("server", COMMANDS)
def test_a_short_run(server: str) -> None:
    """Nothing that a client sends leads to a hang, to a 500 that no view means, or to the end of a worker."""
    report = fuzz(server, parse(["--requests", "500", "--seconds", "60"]))
    assert sum(report.outcomes.values()) == 500
    assert report.failures == []
    assert report.problems == []
