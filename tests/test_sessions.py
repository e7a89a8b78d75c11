"""Sessions: what they record, when they refuse a change, and what is one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from flask.sessions import SecureCookieSession

from cocopot import Cocopot, Request, Response
from cocopot.sessions import NullSession, Session, SessionInterface, SessionUnavailable
from tests.signed_cookies import Shop, SignedCookies

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGES: dict[str, Callable[[Any], object]] = {
    "setitem": lambda session: session.__setitem__("b", 2),
    "delitem": lambda session: session.__delitem__("a"),
    "ior": lambda session: session.__ior__({"b": 2}),
    "clear": lambda session: session.clear(),
    "pop": lambda session: session.pop("a"),
    "pop with default": lambda session: session.pop("a", None),
    "popitem": lambda session: session.popitem(),
    "setdefault": lambda session: session.setdefault("b", 2),
    "update": lambda session: session.update({"b": 2}),
    "update with keywords": lambda session: session.update(b=2),
    "modified": lambda session: setattr(session, "modified", True),
    "permanent": lambda session: setattr(session, "permanent", True),
    "change": lambda session: session.change("a", lambda value: value + 1),
    "rotate": lambda session: session.rotate(),
    "destroy": lambda session: session.destroy(),
}
READS: dict[str, Callable[[Any], object]] = {
    "getitem": lambda session: session["a"],
    "get": lambda session: session.get("b", 2),
    "in": lambda session: "a" in session,
    "len": len,
    "dict": dict,
    "permanent": lambda session: session.permanent,
    "setdefault of a key that exists": lambda session: session.setdefault("a", 2),
    "union": lambda session: session | {"b": 2},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes(change: Callable[[Any], object]) -> None:
    """Each operation that changes a session marks it as modified; it starts as it is not."""
    session = Session({"a": 1})
    assert not session.modified
    change(session)
    assert session.modified


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_reads(read: Callable[[Any], object]) -> None:
    """Reading does not, and is allowed when changes are refused."""
    session = Session({"a": 1})
    session.refuse_changes("of this test.")
    read(session)
    assert (session, session.modified) == ({"a": 1}, False)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_refused_changes(change: Callable[[Any], object]) -> None:
    """A session that refuses changes raises, with the reason, and stays as it is."""
    session = Session({"a": 1})
    session.refuse_changes("it is full. Remove something.")
    with pytest.raises(
        RuntimeError, match=r"^The session cannot be changed: it is full\. Remove something\.$"
    ):
        change(session)
    assert (session, session.modified) == ({"a": 1}, False)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_null_session(change: Callable[[Any], object]) -> None:
    """A null session is empty, and each change names the package that has sessions."""
    session = NullSession()
    with pytest.raises(RuntimeError, match=r"no session plugin is loaded; .*pip install cocopot-session"):
        change(session)
    assert (session, session.permanent, session.modified) == ({}, False, False)


def test_results_of_changes() -> None:
    """They are those of a dict; a change that fails with a KeyError is that of a dict, too."""
    session = Session([("a", 1), ("b", 2)])
    assert session.setdefault("c", 3) == 3
    assert (session.pop("a"), session.pop("a", 0), session.popitem()) == (1, 0, ("c", 3))
    session |= {"d": 4}
    assert (type(session), session, repr(session)) == (
        Session,
        {"b": 2, "d": 4},
        "<Session {'b': 2, 'd': 4}>",
    )
    with pytest.raises(KeyError):
        session.pop("a")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, Session.copy], ids=["copy", "deepcopy", "method"]
)
def test_copies(copied: Callable[[Session], object]) -> None:
    """A copy is a dict, also of a session that refuses changes, for a comparison later."""
    session = Session({"cart": [1]})
    session.refuse_changes("of this test.")
    found = copied(session)
    assert (type(found), found) == (dict, {"cart": [1]})


def test_attributes() -> None:
    """A session can be permanent, which is stored in it, and be marked as unmodified."""
    session = Session(new=True)
    assert (session.new, session.permanent, Session().new) == (True, False, False)
    session.permanent = True
    assert (session, session.permanent) == ({"_permanent": True}, True)
    session.modified = False
    assert not session.modified


def test_what_is_a_session() -> None:
    """A mutable mapping whose class has the four attributes is one; a dict is not."""

    class OtherSession(dict[str, object]):
        permanent = new = modified = accessed = False

    class Almost(dict[str, object]):
        permanent = new = modified = False

    sessions: list[object] = [OtherSession(), SecureCookieSession(), NullSession()]
    others: list[object] = [{}, Almost(), None, "session"]
    assert [isinstance(one, Session) for one in (*sessions, *others)] == [True] * 3 + [False] * 4
    assert not isinstance(Session(), NullSession)


def test_interface() -> None:
    """The base class opens no session, saves none, and explains what is missing."""
    app = Cocopot("shop", autoload=False)
    request, interface = Request({}), SessionInterface()
    assert interface.open_session(app, request) is None
    interface.save_session(app, Session(), Response())
    assert type(interface.make_null_session(app)) is NullSession
    with pytest.raises(RuntimeError, match=r"Empty\.open_session returned None for this request"):
        type("Empty", (SessionInterface,), {})().make_null_session(app)["a"] = 1


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, r"cannot be None: it has no open_session and no save_session\."),
        (object(), r"cannot be <object .*: it has no open_session and no save_session\."),
        (SignedCookies, r"cannot be the class SignedCookies: assign an object of it\."),
    ],
)
def test_what_is_no_interface(value: Any, problem: str) -> None:
    """An object that cannot be an interface is refused where it is assigned, with the cure."""
    app = Cocopot("shop", autoload=False)
    with pytest.raises(TypeError, match=f"^app.session_interface {problem} Derive a class from "):
        app.session_interface = value
    assert type(app.session_interface) is SessionInterface


def test_too_late() -> None:
    """An interface cannot be assigned after the first request, and a class may have one from the start."""
    app = Shop()
    app.test_client().get("/")
    with pytest.raises(RuntimeError, match="assigned after the first request"):
        app.session_interface = SignedCookies()
    assert app.session_interface is app.sessions


def test_change() -> None:
    """A function is applied to the value of a key, or to a default."""
    session = Session()
    assert session.change("visits", lambda visits: visits + 1, 0) == 1
    assert session.change("visits", lambda visits: visits + 1, 0) == 2
    assert session == {"visits": 2}


def test_rotate_and_destroy() -> None:
    """Where a session has no identifier, a rotation keeps what is in it; its end removes that."""
    session = Session({"user": 1})
    session.rotate()
    assert (session, session.modified) == ({"user": 1}, True)
    session.destroy()
    assert session == {}


def test_a_class_that_finds_changes_inside() -> None:
    """`modified` asks a derived class for changes inside values."""

    class Comparing(Session):
        def is_changed_inside(self) -> bool:
            return bool(self["cart"])

    session = Comparing({"cart": []})
    assert not session.modified
    session["cart"].append(1)
    assert session.modified


def test_the_error_of_a_refusal() -> None:
    """What refuses changes decides the class of the error."""
    session = Session()
    session.refuse_changes("the store cannot be reached.", SessionUnavailable)
    with pytest.raises(SessionUnavailable) as caught:
        session["a"] = 1
    assert caught.value.description == "The session cannot be changed: the store cannot be reached."
    session.refuse_changes("")
    session["a"] = 1
