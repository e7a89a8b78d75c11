"""What a session interface reads from the configuration is what Flask's reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SecureCookieSession
from flask.sessions import SessionInterface as FlasksInterface

from cocopot import Cocopot
from cocopot.sessions import NullSession, Session, SessionInterface

METHODS = [name for name in dir(FlasksInterface) if name.startswith("get_cookie_")]
CONFIGURED = {
    "SESSION_COOKIE_NAME": "own",
    "SESSION_COOKIE_DOMAIN": "shop.example",
    "SESSION_COOKIE_PATH": "/shop",
    "SESSION_COOKIE_HTTPONLY": False,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Strict",
    "SESSION_COOKIE_PARTITIONED": True,
    "PERMANENT_SESSION_LIFETIME": 60,
    "SESSION_REFRESH_EACH_REQUEST": False,
}


def applications(config: dict[str, Any]) -> tuple[Any, Any]:
    """Return an application of Cocopot and one of Flask with these keys."""
    ours, theirs = Cocopot("shop", autoload=False), Flask("shop")
    ours.config.update(config)
    theirs.config.update(config)
    return ours, theirs


def sessions(*, is_permanent: bool, is_modified: bool) -> tuple[Any, Any]:
    """Return a session of Cocopot and one of Flask with these properties."""
    ours, theirs = Session(), SecureCookieSession()
    for session in (ours, theirs):
        session.permanent = is_permanent
        session.modified = is_modified
    return ours, theirs


@pytest.mark.parametrize("config", [{}, CONFIGURED, {"APPLICATION_ROOT": "/root"}])
@pytest.mark.parametrize("method", METHODS)
def test_an_attribute(method: str, config: dict[str, Any]) -> None:
    """Each method has the value of Flask's, with the keys set and without."""
    ours, theirs = applications(config)
    assert getattr(SessionInterface(), method)(ours) == getattr(FlasksInterface(), method)(theirs)


@pytest.mark.parametrize("config", [{}, CONFIGURED])
@pytest.mark.parametrize("is_permanent", [True, False])
@pytest.mark.parametrize("is_modified", [True, False])
def test_whether_and_how_long(config: dict[str, Any], is_permanent: bool, is_modified: bool) -> None:
    """Whether the cookie is set, and whether it has a time, are as in Flask."""
    (ours, theirs), (our, their) = (
        applications(config),
        sessions(is_permanent=is_permanent, is_modified=is_modified),
    )
    interface, flasks = SessionInterface(), FlasksInterface()
    assert interface.should_set_cookie(ours, our) == flasks.should_set_cookie(theirs, their)
    assert (interface.get_expiration_time(ours, our) is None) == (
        flasks.get_expiration_time(theirs, their) is None
    )


def test_the_time_of_a_permanent_session() -> None:
    """It is the configured lifetime from now, a timedelta or seconds."""
    app, session = Cocopot("shop", autoload=False), Session()
    session.permanent = True
    for lifetime in (60, timedelta(minutes=1)):
        app.config["PERMANENT_SESSION_LIFETIME"] = lifetime
        before = datetime.now(UTC)
        end = SessionInterface().get_expiration_time(app, session)
        assert end is not None
        assert before <= end - timedelta(minutes=1) <= datetime.now(UTC)


def test_the_class_of_null_sessions() -> None:
    """A subclass may have one of its own, which need not be derived from Cocopot's."""

    class Own(SessionInterface):
        null_session_class = Session

    app, own = Cocopot("shop", autoload=False), Own()
    assert type(own.make_null_session(app)) is Session
    assert SessionInterface().is_null_session(NullSession())
    assert not SessionInterface().is_null_session(Session())
    assert own.is_null_session(Session())
