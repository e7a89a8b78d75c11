# ruff: noqa: N818 - the names state what is odd about the exceptions
"""Exceptions that take no note, or run code when they are inspected, are handled like any other."""

from __future__ import annotations

import dataclasses
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, hookimpl
from cocopot.exceptions import Forbidden, add_blame, blame_of, notes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Request


def refuse(*args: object) -> Any:
    """Raise an exception, as an attribute of an exception may."""
    raise RuntimeError("refused")


class NoNote(Exception):
    add_note = refuse


class Notes(Exception):
    __notes__: Any = None


class NotesTuple(Exception):
    __notes__: Any = ("a note",)


class NotesProperty(Exception):
    __notes__: Any = property(refuse)


class NoAttribute(Exception):
    __setattr__ = refuse


class NoRead(Exception):
    def __getattribute__(self, name: str) -> Any:
        return refuse() if name.startswith("_") else super().__getattribute__(name)


class Slots(Exception):
    __slots__ = ()


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int = 7


@dataclasses.dataclass
class Unhashable(Exception):
    code: int = 7


class OddClass(Exception):
    __class__: Any = property(refuse)


class OddText(Exception):
    __str__ = __repr__ = refuse


class OddTraceback(Exception):
    with_traceback = refuse
    __traceback__: Any = property(lambda self: None, refuse)


class OddChain(Exception):
    __cause__: Any = property(refuse)
    __context__: Any = property(refuse)


class OddEq(Exception):
    __eq__ = __ne__ = __bool__ = __len__ = __hash__ = refuse


class Group(ExceptionGroup[Exception]):
    add_note = refuse


class OddForbidden(Forbidden):
    add_note = with_traceback = refuse


SINGLETON = NoNote("again")
ODD: list[Callable[[], Exception]] = [
    NoNote,
    Notes,
    NotesTuple,
    NotesProperty,
    NoAttribute,
    NoRead,
    Slots,
    Frozen,
    Unhashable,
    OddClass,
    OddText,
    OddTraceback,
    OddChain,
    OddEq,
    lambda: Group("group", [ValueError()]),
    lambda: SINGLETON,
]


def raising(make: Callable[[], BaseException], *hooks: str) -> type:
    """Return a plugin that raises in some hooks."""

    def implementation() -> Callable[[object], None]:
        def implement(self: object) -> None:
            raise make()

        return hookimpl(implement)

    return type("Bad", (), {"plugin_name": "bad"} | {hook: implementation() for hook in hooks})


@pytest.fixture(autouse=True)
def _silent(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log as a server does: what cannot be formatted is not raised."""
    monkeypatch.setattr(caplog.handler, "level", logging.CRITICAL + 1)
    monkeypatch.setattr(logging, "raiseExceptions", False)


@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize(
    "hook", ["request_started", "url_value_preprocessor", "before_request", "dispatch_request"]
)
def test_the_error_handler_is_asked(make: Callable[[], Exception], hook: str) -> None:
    """The handler of its class answers, and the teardown functions run."""
    calls: list[str] = []
    app = Cocopot("shop", autoload=False, plugins=[raising(make, f"cocopot_{hook}")])
    app.add_url_rule("/", "index", lambda: "view")
    app.register_error_handler(type(make()), lambda exc: ("handled", 418))
    app.teardown_request(lambda exc: calls.append("teardown"))
    for _ in range(2):
        assert app.test_client().get("/").status_code == 418
    assert calls == ["teardown"] * 2


@pytest.mark.parametrize("make", ODD)
def test_without_an_error_handler_it_is_a_500(make: Callable[[], Exception]) -> None:
    """So it is from every hook, also from those that report; all teardown functions run."""
    hooks = ["dispatch_request", "got_request_exception", "handle_exception", "after_request"]
    for hook in hooks:
        calls: list[str] = []
        app = Cocopot("shop", autoload=False, plugins=[raising(make, f"cocopot_{hook}")])
        app.add_url_rule("/", "index", lambda: str(1 // 0))
        app.teardown_request(lambda exc, calls=calls: calls.append("request"))
        app.teardown_appcontext(lambda exc, calls=calls: calls.append("context"))
        assert app.test_client().get("/").status_code == 500
        assert calls[-2:] == ["request", "context"]


@pytest.mark.parametrize("make", ODD)
def test_every_teardown_runs(make: Callable[[], Exception]) -> None:
    """A plugin that raises it in a teardown or shutdown hook stops no other one."""
    calls: list[str] = []
    hooks = ("cocopot_teardown_request", "cocopot_teardown_app_context", "cocopot_shutdown")

    class Early:
        @hookimpl
        def cocopot_teardown_request(self) -> None:
            calls.append("request")

        @hookimpl
        def cocopot_teardown_app_context(self) -> None:
            calls.append("context")

        @hookimpl
        def cocopot_shutdown(self) -> None:
            calls.append("shutdown")

    app = Cocopot("shop", autoload=False, plugins=[raising(make, *hooks)])
    app.plugins.register(Early(), "early")
    app.plugins.register(raising(make, *hooks)(), "late")
    app.add_url_rule("/", "index", lambda: "view")
    app.start()
    calls.clear()
    assert app.test_client().get("/").text == "view"
    assert calls == ["request", "context"]
    with pytest.raises(ExceptionGroup, match="2 of 3 implementations of cocopot_shutdown"):
        app.close()
    assert "shutdown" in calls


@pytest.mark.parametrize("make", [*ODD, OddForbidden])
def test_in_the_view(make: Callable[[], Exception]) -> None:
    """An HTTP exception answers, also if it takes no attributes; any other is a 500."""

    def view() -> str:
        raise make()

    app = Cocopot("shop", autoload=False)
    app.add_url_rule("/", "index", view)
    expected = 403 if issubclass(type(make()), Forbidden) else 500
    assert app.test_client().get("/").status_code == expected


@pytest.mark.parametrize("make", ODD)
def test_as_the_end_of_a_context(make: Callable[[], Exception]) -> None:
    """The teardown functions get it, whatever its truth value is."""
    seen: list[BaseException | None] = []
    app = Cocopot("shop", autoload=False)
    app.teardown_appcontext(seen.append)
    error = make()
    context = app.app_context()
    context.push()
    context.pop(error)
    assert len(seen) == 1
    assert seen[0] is error


@pytest.mark.parametrize("make", ODD)
def test_blame_never_raises(make: Callable[[], Exception]) -> None:
    """What can be noted is noted, and read; the rest is skipped."""
    app = Cocopot("shop", autoload=False, plugins=[raising(make, "cocopot_startup")])
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - any of them
        app.start()
    *others, blame = blame_of(caught.value)
    assert (blame.plugin, blame.hook) == ("bad", "cocopot_startup")
    add_blame(caught.value, blame)
    assert blame_of(caught.value) == (*others, blame)
    assert all(isinstance(note, str) for note in notes_of(caught.value))


def test_notes() -> None:
    """Notes that are not a list of texts are ignored."""
    error = ValueError()
    assert notes_of(error) == ()
    error.add_note("a")
    assert notes_of(error) == ("a",)
    assert notes_of(NotesTuple()) == ("a note",)
    assert notes_of(Notes()) == notes_of(NotesProperty()) == ()


@pytest.mark.parametrize("hook", ["cocopot_before_request", "cocopot_teardown_request"])
def test_one_object_that_plugins_raise_in_turn(hook: str) -> None:
    """It has the blame of the last one: what is answered or logged is forgotten with its traceback."""
    error, seen = ValueError("none left"), []

    def plugin(name: str) -> object:
        def fail(request: Request) -> None:
            if request.path == f"/{name}":
                raise error

        return SimpleNamespace(plugin_name=name, run=hookimpl(fail, specname=hook))

    class Seen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append([blame.plugin for blame in blame_of(error)])

    app = Cocopot("shop", autoload=False, plugins=[plugin("a"), plugin("b")])
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.addHandler(Seen())
    error.add_note("of the application")
    for path in ("/a", "/b", "/a"):
        app.test_client().get(path)
    assert seen == [["a"], ["b"], ["a"]]
    assert (blame_of(error), error.__notes__) == ((), ["of the application"])


def test_a_wrapper_that_returns_before_its_yield() -> None:
    """The error has the plugin and the cure."""

    @hookimpl(wrapper=True)
    def cocopot_before_request(request: Request) -> Any:
        if request.path == "/":
            return None
        return (yield)

    plugin = SimpleNamespace(plugin_name="early", cocopot_before_request=cocopot_before_request)
    app = Cocopot("shop", autoload=False, plugins=[plugin])
    app.testing = True
    with pytest.raises(RuntimeError, match=r"did not yield.* write `return \(yield\)`") as caught:
        app.test_client().get("/")
    assert [blame.plugin for blame in blame_of(caught.value)] == ["early"]
