"""Sessions in SQL databases: the table, its failures, and the files of SQLite."""

from __future__ import annotations

import gc
import secrets
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from cocopot_session.stores import StoreUnavailable, open_store
from cocopot_session.stores.probing import probe
from cocopot_session.stores.sql import SQLStore
from cocopot_session.stores.sql_statements import session_table
from sqlalchemy import MetaData, create_engine, event

from tests.processes import free_port, wait_for

if TYPE_CHECKING:
    from cocopot import Cocopot
    from tests.session_stores.conftest import MakeStored

pytestmark = pytest.mark.slow


def test_the_files_of_sqlite(app: Cocopot, key: str, stored: MakeStored) -> None:
    """They are in the instance folder, and only their owner can read them; there is a write-ahead log."""
    store = open_store("sqlite:///data/sessions.db", app)
    assert list(Path(app.instance_path).iterdir()) == []
    store.create(key, stored())
    files = list(Path(app.instance_path, "data").iterdir())
    assert {file.name for file in files} == {"sessions.db", "sessions.db-wal", "sessions.db-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    with closing(sqlite3.connect(files[0].with_name("sessions.db"))) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_a_locked_sqlite(app: Cocopot, key: str, stored: MakeStored) -> None:
    """A writer waits for another one; if that takes too long, the error names the database."""
    urls = ("sqlite:///sessions.db?timeout=0.2", "sqlite:///sessions.db")
    impatient, patient = (open_store(url, app) for url in urls)
    first = stored()
    patient.create(key, first)
    path = Path(app.instance_path, "sessions.db")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert impatient.load(key) == first
        with pytest.raises(StoreUnavailable, match=r"sessions\.db cannot be used: database is locked"):
            impatient.delete(key)
        end = threading.Timer(0.05, other.execute, ["COMMIT"])
        end.start()
        assert patient.replace(key, stored(), version=first.version)
        end.join()
    impatient.close()
    patient.close()


def test_one_statement(postgresql: str, app: Cocopot, key: str, stored: MakeStored) -> None:
    """After the first use, each operation is one statement, without a transaction around it."""
    store = open_store(f"{postgresql}?table=counted", app)
    assert isinstance(store, SQLStore)
    store.clean()
    statements = []
    event.listen(store._engine, "before_cursor_execute", lambda *args: statements.append(args[2].split()[0]))
    event.listen(store._engine, "commit", lambda _: statements.append("COMMIT"))
    first = stored()
    store.create(key, first)
    store.load(key)
    store.replace(key, stored(), version=first.version)
    store.delete(key)
    assert [word for word in statements if word != "COMMIT"] == ["INSERT", "SELECT", "UPDATE", "DELETE"]
    store.close()


def test_lost_connections(postgresql: str, app: Cocopot, key: str, stored: MakeStored) -> None:
    """Connections that the server has ended, as a restart does, are replaced without an error."""
    store = open_store(postgresql, app)
    first, second = stored(), stored()
    store.create(key, first)
    with psycopg.connect(postgresql) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.replace(key, second, version=first.version)
    assert store.load(key) == second
    store.close()


def test_creating_the_table_at_once(postgresql: str, app: Cocopot, stored: MakeStored) -> None:
    """Several processes may begin at the same time."""
    url = f"{postgresql}?table=new_{secrets.token_hex(4)}"
    stores = [open_store(url, app) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda store: store.create(secrets.token_hex(32), stored(user="ada")), stores))
    assert len(stores[0].keys_of("ada")) == 6
    for store in stores:
        store.close()


def test_a_dropped_table(postgresql: str, app: Cocopot, key: str, stored: MakeStored) -> None:
    """The error names it once; then it is created again."""
    store = open_store(f"{postgresql}?table=dropped", app)
    store.create(key, stored())
    with psycopg.connect(postgresql, autocommit=True) as other:
        other.execute("DROP TABLE dropped")
    with pytest.raises(StoreUnavailable, match='"dropped" does not exist'):
        store.load(key)
    assert store.load(key) is None
    store.close()


def test_a_user_without_rights(postgresql: str, app: Cocopot, key: str, stored: MakeStored) -> None:
    """A role that must not create tables uses one that is there."""
    with psycopg.connect(postgresql, autocommit=True) as other:
        other.execute("DROP ROLE IF EXISTS web")
        other.execute("CREATE ROLE web LOGIN")
    url = f"{postgresql.replace('birds@', 'web@')}?table=owned"
    store = open_store(url, app)
    with pytest.raises(StoreUnavailable, match="permission denied"):
        store.load(key)
    owner = open_store(f"{postgresql}?table=owned", app)
    owner.clean()
    owner.close()
    with psycopg.connect(postgresql, autocommit=True) as other:
        other.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON owned TO web")
    session = stored()
    store.create(key, session)
    assert store.load(key) == session
    store.close()
    with psycopg.connect(postgresql, autocommit=True) as other:
        other.execute("DROP OWNED BY web")
        other.execute("DROP ROLE web")


def test_a_database_that_is_not_there(app: Cocopot, key: str) -> None:
    """The error names it without its password and the statement."""
    port = free_port()
    store = open_store(f"postgresql+psycopg://ada:secret@127.0.0.1:{port}/shop?application_name=x", app)
    with pytest.raises(StoreUnavailable) as caught:
        store.load(key)
    text = str(caught.value)
    assert f"postgresql+psycopg://ada:********@127.0.0.1:{port}/shop cannot be used: " in text
    assert "refused" in text
    assert not {"secret", "SELECT", "application_name", "\n"} & {*text.split(" "), *text}


def test_a_folder_that_cannot_be_created(app: Cocopot, key: str) -> None:
    """It is the same error."""
    Path(app.instance_path, "file").touch()
    with pytest.raises(StoreUnavailable, match=r"file/sessions\.db cannot"):
        open_store("sqlite:///file/sessions.db", app).load(key)


@pytest.mark.parametrize("user", ["a" * 256, "a\0b"])
def test_users_that_cannot_be_stored(app: Cocopot, key: str, stored: MakeStored, user: str) -> None:
    """What a database would refuse is rejected before it is sent: the database is not at fault."""
    store = open_store("sqlite://", app)
    with pytest.raises(ValueError, match="sqlite:// stores 255, without null characters"):
        store.create(key, stored(user=user))
    store.close()


@pytest.mark.parametrize("change", ["data = x'c1'", "data = 'text'", "created = 'soon'", "expires = 'soon'"])
def test_foreign_data(app: Cocopot, key: str, stored: MakeStored, change: str) -> None:
    """What another program has written there is an error that has nothing of it."""
    store = open_store("sqlite:///sessions.db", app)
    store.create(key, stored())
    with closing(sqlite3.connect(Path(app.instance_path, "sessions.db"))) as database, database:
        database.execute(f"UPDATE cocopot_sessions SET {change}")
    with pytest.raises(ValueError, match="is not a session of this plugin"):
        store.load(key)
    store.close()


def test_a_memory_database(app: Cocopot) -> None:
    """It is a risk, of which `cocopot check` warns; a file is none."""
    memory, file = open_store("sqlite://", app), open_store("sqlite:///sessions.db", app)
    assert isinstance(memory, SQLStore)
    assert isinstance(file, SQLStore)
    ((problem, _),) = memory.risks()
    assert "in the memory of the process" in problem
    assert file.risks() == []


def test_a_probe_without_the_right_to_write(app: Cocopot) -> None:
    """`cocopot check` does not only read."""
    owner = open_store("sqlite:///sessions.db", app)
    owner.clean()
    owner.close()
    path = Path(app.instance_path, "sessions.db")
    store = open_store(f"sqlite:///file:{path}?mode=ro&uri=true", app)
    with pytest.raises(StoreUnavailable, match="readonly"):
        probe(store)
    store.close()


def test_a_forgotten_store(postgresql: str, app: Cocopot) -> None:
    """Its connections are closed, too, when an application is released without having been closed."""
    store = open_store(f"{postgresql}?application_name=forgotten", app)
    store.clean()
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'forgotten'"
    with psycopg.connect(postgresql, autocommit=True) as other:
        assert other.execute(query).fetchone() == (1,)
        del store
        gc.collect()
        wait_for(lambda: other.execute(query).fetchone() == (0,))


def test_an_engine_of_the_application(tmp_path: Path, key: str, stored: MakeStored) -> None:
    """A store can use an engine, and a table that the application has defined in its metadata."""
    engine = create_engine(f"sqlite:///{tmp_path}/shop.db")
    metadata = MetaData()
    session_table(metadata, "shop_sessions")
    metadata.create_all(engine)
    store, session = SQLStore(engine, table="shop_sessions", name="the shop"), stored()
    store.create(key, session)
    assert store.load(key) == session
    store.close()
