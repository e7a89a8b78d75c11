"""What is reported of a call is the same in Python and compiled."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from contextvars import ContextVar, copy_context
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pluggy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocopot import speedups
from cocopot.hooks.wrappers import wrapper_error
from cocopot.speedups import reports

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

KINDS: list[Any] = [reports]
if speedups.COMPILED:
    KINDS.append(import_module("cocopot.speedups._compiled"))
both = pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__.rpartition(".")[2] for kind in KINDS])


def reporter_of(kind: Any, *callbacks: Callable[[Any], object]) -> Any:
    """Return what notifies callbacks, and lets none of them raise."""

    def on_error(callback: object, record: object, error: Exception) -> None:
        raise error

    return kind.Reporter(callbacks, ContextVar("guard"), on_error, wrapper_error)


def fields(record: Any) -> tuple[Any, ...]:
    """Return what is reported of a call, without times."""
    return record.hook, record.plugin, record.result, repr(record.exception), record.wrapped is None


def work(value: Any = None, *, keyword: Any = None) -> Any:
    """Return or raise what is passed."""
    if isinstance(value, BaseException):
        raise value
    return [value, keyword]


def wrap(before: Any, after: Any, times: int) -> Generator[None, Any, Any]:
    """Yield some times, and end with what is passed."""
    if isinstance(before, BaseException):
        raise before
    for _ in range(times):
        yield
    if isinstance(after, BaseException):
        raise after
    return after


values = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.builds(ValueError),
    st.builds(KeyboardInterrupt),
    st.builds(StopIteration),
)


def outcome(function: Callable[[], object]) -> object:
    """Return what a function returns, or what it raises."""
    try:
        return function()
    except BaseException as error:  # noqa: BLE001 - whatever it is, both must raise it
        return repr(error)


# -------------------------------------------------------------------------
# Records
# -------------------------------------------------------------------------


@both
def test_a_record_is_a_frozen_dataclass(kind: Any) -> None:
    """It can be compared, copied and pickled, and not changed."""
    record = kind.HookCallRecord("hook", "plugin", 1.5, 0.25, result=["x"], wrapped=0.5)
    assert record == copy.copy(record) == pickle.loads(pickle.dumps(record))
    assert dataclasses.replace(record, result=None) != record
    assert dataclasses.asdict(record)["duration"] == 0.25
    assert repr(record) == (
        "HookCallRecord(hook='hook', plugin='plugin', start=1.5, duration=0.25, result=['x'], "
        "exception=None, wrapped=0.5)"
    )
    with pytest.raises(AttributeError):
        record.hook = "other"


# -------------------------------------------------------------------------
# Calls
# -------------------------------------------------------------------------


def call(kind: Any, value: Any, keyword: Any) -> object:
    """Call a function without and with a keyword; return the outcomes, and what is reported."""
    records: list[Any] = []
    reporter = reporter_of(kind, records.append)
    plain = kind.ReportingFunction(reporter, "hook", "plugin", work)
    with_keyword = kind.ReportingKeywordFunction(reporter, "hook", "plugin", work)
    outcomes = outcome(lambda: plain(value)), outcome(lambda: with_keyword(value, keyword=keyword))
    return outcomes, list(map(fields, records))


@given(value=values, keyword=values)
def test_a_function(value: Any, keyword: Any) -> None:
    """Result or exception, and what is reported of them, do not depend on the module."""
    expected = call(reports, value, keyword)
    assert all(call(kind, value, keyword) == expected for kind in KINDS)


def resume(kind: Any, sent: Any, *arguments: Any) -> object:
    """Enter, resume and close a wrapper; return the outcome of each step, and what is reported."""
    records: list[Any] = []
    reporter = reporter_of(kind, records.append)
    wrapper = kind.ReportingWrapper(reporter, "hook", "plugin", wrap)(*arguments)
    step = wrapper.throw if isinstance(sent, BaseException) else wrapper.send
    outcomes = [outcome(lambda: next(wrapper)), outcome(lambda: step(sent)), outcome(wrapper.close)]
    return outcomes, list(map(fields, records)), wrapper.gi_code


@given(before=values, after=values, times=st.integers(0, 2), sent=values)
def test_a_wrapper(before: Any, after: Any, times: int, sent: Any) -> None:
    """A wrapper ends as its generator does, whatever is sent to it or thrown into it."""
    expected = resume(reports, sent, before, after, times)
    assert all(resume(kind, sent, before, after, times) == expected for kind in KINDS)


@both
def test_an_old_style_wrapper(kind: Any) -> None:
    """The result of its outcome is reported."""
    records: list[Any] = []
    function = kind.ReportingWrapper(reporter_of(kind, records.append), "hook", "plugin", wrap)
    for outcome_sent in (pluggy.Result("x", None), pluggy.Result(None, ValueError("y"))):
        wrapper = function(None, None, 1)
        next(wrapper)
        with pytest.raises(StopIteration):
            wrapper.send(outcome_sent)
    assert [(record.result, str(record.exception)) for record in records] == [("x", "None"), (None, "y")]


# -------------------------------------------------------------------------
# Callbacks
# -------------------------------------------------------------------------


@both
@pytest.mark.parametrize("error", [LookupError("x"), KeyboardInterrupt()])
def test_a_callback_that_raises_is_notified_again(kind: Any, error: BaseException) -> None:
    """After an exception the next call is reported as the first was."""
    records: list[Any] = []

    def callback(record: Any) -> None:
        records.append(record)
        raise error

    function = kind.ReportingFunction(reporter_of(kind, callback), "hook", "plugin", work)
    for _ in range(2):
        with pytest.raises(type(error)):
            function("x")
    assert len(records) == 2


@both
def test_a_callback_that_calls_hooks_in_another_thread(kind: Any) -> None:
    """Calls of a thread that runs in a copy of the callback's context variables are not reported."""
    records: list[Any] = []

    def callback(record: Any) -> None:
        records.append(record)
        thread = threading.Thread(target=copy_context().run, args=(function, "inside"))
        thread.start()
        thread.join()

    function = kind.ReportingFunction(reporter_of(kind, callback), "hook", "plugin", work)
    assert function("outside") == ["outside", None]
    assert [record.result for record in records] == [["outside", None]]


@both
def test_a_callback_has_the_context_variables_of_the_call(kind: Any) -> None:
    """It reads what has been set up to now, and what it sets is gone when it has returned."""
    variable, seen = ContextVar("variable", default=0), []

    def callback(record: Any) -> None:
        seen.append(variable.get())
        variable.set(-1)

    function = kind.ReportingFunction(reporter_of(kind, callback), "hook", "plugin", work)
    for number in (1, 2):
        variable.set(number)
        function()
        assert variable.get() == number
    assert seen == [1, 2]


@pytest.mark.skipif(
    not speedups.COMPILED, reason="An object in Python has no fields that are read unchecked."
)
@pytest.mark.parametrize("name", ["ReportingFunction", "ReportingKeywordFunction", "ReportingWrapper"])
def test_an_instance_without_its_fields(name: str) -> None:
    """What reports cannot be created without the constructor, and then called."""
    cls = getattr(KINDS[-1], name)
    with pytest.raises(TypeError, match="4 positional arguments"):
        cls.__new__(cls)
