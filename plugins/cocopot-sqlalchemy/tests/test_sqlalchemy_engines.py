"""The engines of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import SQLAlchemy, db
from cocopot_sqlalchemy.checks import database_findings
from sqlalchemy import URL, text
from sqlalchemy.orm import Session

from cocopot import Cocopot, PluginError, hookimpl

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def app(tmp_path: Path) -> Cocopot:
    return Cocopot("shop", autoload=False, plugins=[SQLAlchemy], instance_path=str(tmp_path))


def test_the_default_is_a_file_in_the_instance_folder(app: Cocopot, tmp_path: Path) -> None:
    """Without configuration there is a SQLite file with WAL, foreign keys and a busy timeout."""
    with db(app).engine.connect() as connection:
        pragmas = [
            connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert pragmas == ["wal", 1, 5000]
    assert (tmp_path / "app.sqlite").exists()


def test_a_relative_file_is_in_the_instance_folder(app: Cocopot, tmp_path: Path) -> None:
    """The path of a SQLite file is relative to the instance folder, and its folder is created."""
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///data/shop.db"
    app.test_client().get("/")
    assert list(tmp_path.iterdir()) == []  # until the first connection
    db(app).engine.connect().close()
    assert (tmp_path / "data" / "shop.db").exists()


def test_binds(app: Cocopot) -> None:
    """Each bind has an engine of its name, and may have options of its own."""
    app.config["SQLALCHEMY_BINDS"] = {
        "log": "sqlite://",
        "archive": {"url": URL.create("sqlite"), "echo": False, "pool_pre_ping": False},
    }
    assert list(db(app).engines) == ["default", "log", "archive"]
    assert db(app).engine is db(app).engines["default"]


def test_applications_share_no_default(app: Cocopot) -> None:
    """A bind that is added to the default mapping is that of one application."""
    app.config["SQLALCHEMY_BINDS"]["log"] = "sqlite://"
    assert list(db(app).engines) == ["default", "log"]
    assert Cocopot("other", autoload=False, plugins=[SQLAlchemy]).config["SQLALCHEMY_BINDS"] == {}


def test_the_hook_sees_every_engine(app: Cocopot) -> None:
    """`sqlalchemy_engine` is called once for each engine, when they are created."""
    seen = []

    class Metrics:
        @hookimpl
        def sqlalchemy_engine(self, name: str, engine: Engine) -> None:
            seen.append((name, engine))

    app.plugins.register(Metrics())
    app.config["SQLALCHEMY_BINDS"] = {"log": "sqlite://"}
    app.test_client().get("/")
    assert seen == list(db(app).engines.items())


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("SQLALCHEMY_DATABASE_URI", "not a url", "is not a database URL"),
        ("SQLALCHEMY_DATABASE_URI", 5, "is not a database URL"),
        ("SQLALCHEMY_DATABASE_URI", "postgres://me:secret@host/shop", "cannot be created"),
        ("SQLALCHEMY_BINDS", ["sqlite://"], "Give a mapping"),
        ("SQLALCHEMY_BINDS", {"log": None}, "is not a database URL"),
        ("SQLALCHEMY_ENGINE_OPTIONS", {"pool_sizes": 3}, "pool_sizes"),
        ("SQLALCHEMY_ENGINE_OPTIONS", 3, "Give a mapping"),
        ("SQLALCHEMY_SESSION_OPTIONS", {"expires": 3}, "expires"),
        ("SQLALCHEMY_COMMIT", "always", "Give 'explicit' or 'response'"),
        ("SQLALCHEMY_DATABASE_URL", "sqlite://", "Did you mean 'SQLALCHEMY_DATABASE_URI'?"),
        ("SQLALCHEMY_TRACK_MODIFICATIONS", False, "Remove it"),
        ("SQLALCHEMY_POOL_SIZE", 5, "SQLALCHEMY_ENGINE_OPTIONS"),
    ],
)
def test_an_invalid_configuration(app: Cocopot, key: str, value: object, part: str) -> None:
    """The error names the key, where it was set and the cure, and contains no password."""
    app.config[key] = value
    with pytest.raises(PluginError) as caught:
        app.test_client().get("/")
    assert key in str(caught.value)
    assert part in str(caught.value)
    assert "test_sqlalchemy_engines.py" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_without_the_plugin() -> None:
    """The error of `db` names what to install."""
    with pytest.raises(RuntimeError, match="install cocopot-sqlalchemy"):
        db(Cocopot("bare", autoload=False))


def test_check(app: Cocopot) -> None:
    """`cocopot check` reports a database that cannot be reached, without its password, and one in memory."""
    app.config["SQLALCHEMY_BINDS"] = {
        "down": "postgresql+psycopg://me:secret@127.0.0.1:1/shop?connect_timeout=1",
        "memory": "sqlite://",
    }
    with app.app_context():
        down, memory = database_findings(app)
    assert (down.severity, memory.severity) == ("error", "warning")
    assert "'down' (postgresql+psycopg://me:***@127.0.0.1:1/shop" in down.problem
    assert "in memory" in memory.problem


def test_a_class_of_sessions(app: Cocopot) -> None:
    """The class of SQLALCHEMY_SESSION_OPTIONS may be any subclass of SQLAlchemy's."""

    class Counting(Session):
        """A session that counts."""

        count = 7

    app.config["SQLALCHEMY_SESSION_OPTIONS"] = {"class_": Counting}
    with app.app_context():
        session: Any = db(app).session
        assert session.count == 7
        assert session.scalar(text("SELECT 1")) == 1
