"""Load the pytest plugin, run the examples of documents and docstrings, and group tests for pytest-xdist."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.example import NotEvaluated
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sybil.example import Example
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

ROOT = Path(__file__).parent

#: Folders and files whose tests share fixtures that are expensive to create: environments and servers.
#: With pytest-xdist one worker runs all tests below such a path, so that each fixture is created once.
#: Those that take longest are first: the other workers run everything else meanwhile. The wheel that
#: tests/distributions compiles at first is ready when tests/test_package.py uses it.
SHARED_FIXTURES = (
    "tests/distributions",
    "tests/benchmarks/test_run.py",
    "tests/servers",
    "tests/session_stores",
    "tests/test_package.py",
    "tests/test_bad_input.py",
)
#: Folders and files in which every test is slow: they build distributions, or create environments.
SLOW = ("tests/distributions", "tests/benchmarks/test_run.py")

pytest_plugins = ["cocopot.pytest_plugin", "pytester"]

# A shell starts a command in the background with these signals ignored, and so would be all processes that
# tests start and then interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGQUIT") and signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


class DocStrings(PythonDocStringDocument):
    """The docstrings of a module, whose examples import what they use."""

    def import_document(self, example: Example) -> None:  # noqa: ARG002 - as sybil calls it
        """Do not import the module: its names are not names of the examples."""
        self.pop_evaluator(self.import_document)
        raise NotEvaluated


def loggers() -> Iterator[logging.Logger]:
    """Yield the loggers that exist, but for the root logger."""
    known = list(logging.root.manager.loggerDict.values())
    return (logger for logger in known if isinstance(logger, logging.Logger))


def close_databases() -> None:
    """Close the connections that tests have left open: from Python 3.13 on, SQLite warns of them."""
    engines = sys.modules.get("cocopot_sqlalchemy.engines")
    for each in () if engines is None else list(engines._forked):  # noqa: SLF001 - of all applications
        each.close()


def save_logging(namespace: dict[str, Any]) -> None:
    """Save the state of the loggers, before the examples of a document run."""
    namespace["saved_loggers"] = {
        logger.name: (logger.disabled, logger.propagate, logger.level, logger.handlers[:])
        for logger in loggers()
    }


def reset_logging(namespace: dict[str, Any]) -> None:
    """Undo what the examples of a document do to loggers, which other tests in the process use."""
    root, saved = logging.getLogger(), namespace.pop("saved_loggers")
    root.setLevel(logging.WARNING)
    root.handlers[:] = [handler for handler in root.handlers if type(handler) is not logging.StreamHandler]
    for logger in loggers():
        new = (False, True, logging.NOTSET, [])
        logger.disabled, logger.propagate, level, logger.handlers[:] = saved.get(logger.name, new)
        logger.setLevel(level)
    close_databases()


documents = Sybil(
    parsers=[PythonCodeBlockParser()],
    setup=save_logging,
    teardown=reset_logging,
    patterns=["docs/*.md", "plugins/*/README.md"],
    filenames=["README.md"],
)
docstrings = Sybil(
    parsers=[PythonCodeBlockParser(), DocTestParser()],
    path="cocopot",
    patterns=["*.py"],
    document_types={".py": DocStrings},
)
# Here and not in docs/ or cocopot/, because pytest asks a conftest.py only about files beside and below it.
pytest_collect_file = (documents + docstrings).pytest()


def pytest_collection_finish() -> None:
    """Let the garbage collector skip the collected tests, which it would visit for 0.3 seconds each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Enable the loggers that an earlier test has disabled: applications of one name share theirs."""
    if not isinstance(item, SybilItem):
        for logger in loggers():
            logger.disabled = False


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Close the databases that a test has used; a document does it after its last example."""
    if not isinstance(item, SybilItem):
        close_databases()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of slow folders."""
    if any(is_below(item.nodeid, folder) for folder in SLOW):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Let one worker run the tests of a file, or those that share fixtures.

    This is a scheduler, and not the mark `xdist_group`, which pytest-xdist 3.8 ignores with pytest 9.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            groups = (group for group in SHARED_FIXTURES if is_below(nodeid, group))
            return next(groups, nodeid.partition("::")[0])

    config.option.loadscopereorder = False  # pytest_collection_modifyitems() has put the longest first
    return Scheduler(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers: one more than there are cores, as tests wait for processes they start."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


def is_below(nodeid: str, path: str) -> bool:
    """Return whether a test is in a file, or below a folder."""
    return nodeid.startswith((f"{path}/", f"{path}::")) or nodeid == path


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the examples of each document back in order: a later one may use names of an earlier one."""
    blocks = [item for item in items if isinstance(item, SybilItem)]
    blocks.sort(key=lambda item: (item.path, item.example.line))
    in_order = iter(blocks)
    items[:] = [next(in_order) if isinstance(item, SybilItem) else item for item in items]
    if hasattr(config, "workerinput"):
        items.sort(key=urgency)


def urgency(item: pytest.Item) -> int:
    """Return the rank of a test: workers begin with the least. Tests of one rank stay in random order."""
    groups = (rank for rank, group in enumerate(SHARED_FIXTURES) if is_below(item.nodeid, group))
    is_slow = item.get_closest_marker("slow") is not None
    return next(groups, len(SHARED_FIXTURES) + (not is_slow))
