"""The fuzzer itself, and a short run of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.exchange import Answer
from tests.fuzz.messages import make_message
from tests.fuzz.run import Report, main, parse, problems_of_log

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
    ("outcome", "is_meant", "is_failure"),
    [
        *(("500", False, True), ("500", True, False), ("503", False, True), ("501", False, False)),
        *(("hang", False, True), ("closed", False, False), ("400", False, False)),
    ],
)
def test_failures(outcome: str, is_meant: bool, is_failure: bool) -> None:
    """A hang is a failure, and so is an error of the server that no view has meant."""
    report = Report("waitress")
    report.add(7, Answer(outcome, "1", is_meant, 0.1))
    assert report.failures == ([(7, outcome)] if is_failure else [])
    assert ("FAILURE" in report.as_text()) is is_failure


def test_log(tmp_path: Path) -> None:
    """A line that a client has written into the log is a problem, and so is a traceback."""
    log = tmp_path / "log.txt"
    log.write_text("ERROR: x\nFORGED-LINE\n  File x\n    y()\nValueError: y\n")
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
