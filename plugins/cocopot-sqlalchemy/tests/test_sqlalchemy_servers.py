"""The plugin with PostgreSQL, several threads, and gunicorn with workers that are killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import SQLAlchemy, db, db_session
from databases.models import Base, Bird, make_app
from sqlalchemy import create_engine, literal, select, text

from cocopot import Cocopot
from tests.processes import clean_environ, free_port, run_script, stop_session, wait_for
from tests.services import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent / "databases"
END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with running_postgresql() as server:
        url = server.replace("postgresql:", "postgresql+psycopg:")
        try:
            yield url
        finally:  # the server waits for its clients, which a failed test may have left
            engine = create_engine(url)
            with engine.connect() as connection:
                connection.execute(text(END_OTHERS))
            engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cocopot]:
    """An application with empty tables in each database."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql")
    app = make_app(tmp_path, SQLALCHEMY_DATABASE_URI=url)
    app.logger.disabled = True
    yield app
    Base.metadata.drop_all(db(app).engine)
    db(app).close()


def test_a_counter_of_many_threads(app: Cocopot) -> None:
    """Transactions that read and then write are run again until each has counted."""
    with app.app_context():
        db_session.add(Bird(id=1, name="0"))
        db_session.commit()
    sqlite = db(app).engine.dialect.name == "sqlite"
    options: dict[str, Any] = {} if sqlite else {"isolation_level": "SERIALIZABLE"}
    calls: Counter[str] = Counter()

    def count(session: Session) -> str:
        calls["count"] += 1
        bird = session.get_one(Bird, 1)
        time.sleep(0.001)
        bird.name = str(int(bird.name) + 1)
        return bird.name

    def work(_: int) -> None:
        for _ in range(5):
            db(app).run_in_transaction(count, attempts=100, **options)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    with app.app_context():
        assert db_session.scalar(select(Bird.name)) == "40"
    assert calls["count"] > 40


def test_a_deadlock(postgresql: str, tmp_path: Path) -> None:
    """Two transactions that wait for each other are both carried out; functions of on_commit run once."""
    app = make_app(tmp_path, SQLALCHEMY_DATABASE_URI=postgresql)
    both_have_one, attempts, committed = threading.Barrier(2), Counter[int](), []
    with app.app_context():
        db_session.add_all([Bird(id=1, name="tit"), Bird(id=2, name="wren")])
        db_session.commit()

    def exchange(session: Session, first: int) -> None:
        attempts[first] += 1
        db().on_commit(lambda: committed.append(first))
        for number in (first, 3 - first):
            session.get_one(Bird, number, with_for_update=True).name += "!"
            session.flush()
            if number == first and attempts[first] == 1:
                both_have_one.wait(10)

    def work(first: int) -> None:
        with app.app_context():
            db().run_in_transaction(lambda session: exchange(session, first))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, (1, 2)))
    with app.app_context():
        assert db_session.scalars(select(Bird.name).order_by(Bird.id)).all() == ["tit!!", "wren!!"]
    assert sum(attempts.values()) == 3
    assert sorted(committed) == [1, 2]
    Base.metadata.drop_all(db(app).engine)
    db(app).close()


FORK = """
import os
from cocopot import Cocopot
from cocopot_sqlalchemy import SQLAlchemy, db
from sqlalchemy import text

app = Cocopot("shop", autoload=False, plugins=[SQLAlchemy])
app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}

def ask():
    with app.app_context():
        return db().session.scalar(text("SELECT pg_backend_pid()"))

parent = ask()
reading, writing = os.pipe()
if os.fork():
    child = int(os.read(reading, 100))
    os.wait()
    print(child != parent, ask() == parent)
else:
    os.write(writing, str(ask()).encode())
"""


def test_a_fork(postgresql: str, tmp_path: Path) -> None:
    """The child has connections of its own, and those of the parent go on."""
    assert run_script(tmp_path / "fork.py", FORK.format(url=postgresql)).stdout == "True True\n"


def test_a_server_that_restarts(postgresql: str) -> None:
    """A connection that was lost while it was in the pool is replaced before its use."""
    app = Cocopot("shop", autoload=False, plugins=[SQLAlchemy])
    app.config["SQLALCHEMY_DATABASE_URI"] = postgresql
    with app.app_context():
        lost = db_session.scalar(text("SELECT pg_backend_pid()"))
    other = create_engine(postgresql)
    with other.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
    other.dispose()
    with app.app_context():
        assert db_session.scalar(select(literal(1))) == 1
    db(app).close()


class Bank:
    """gunicorn with workers that serve the bank.

    Args:
        url: The URL of the database.
    """

    def __init__(self, url: str, log: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "gunicorn", "bank:app", "--preload", "--workers", "2"]
        options = ["--threads", "16", "--bind", f"127.0.0.1:{self.port}", "--chdir", str(HERE)]
        environ = clean_environ(BANK=url, PYTHONPATH=os.pathsep.join([str(HERE), *sys.path]))
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *options], env=environ, stdout=output, stderr=output, start_new_session=True
            )

    def ask(self, method: str, path: str) -> Any:
        """Return the answer to a request, or `None` if there is none."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            client.request(method, path)
            response = client.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()
        return body if response.status == 200 else None

    def kill_a_worker(self) -> None:
        """Kill one of the workers, in the middle of what it does."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        if children:
            with suppress(ProcessLookupError):
                os.kill(int(children[0]), signal.SIGKILL)


@pytest.fixture
def bank(postgresql: str, tmp_path: Path) -> Iterator[Bank]:
    log = tmp_path / "gunicorn.log"
    bank = Bank(postgresql, log)
    try:
        wait_for(lambda: bank.ask("GET", "/sum"))
        yield bank
    finally:
        stop_session(bank.process)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the workers are found in /proc")
def test_no_money_is_lost(bank: Bank, postgresql: str) -> None:
    """64 threads transfer while workers are killed: balances, transfers and answers agree at the end."""
    seconds, answered = float(os.environ.get("BANK_SECONDS", "5")), []
    end = time.monotonic() + seconds

    def work(thread: int) -> None:
        number = 0
        while time.monotonic() < end:
            number += 1
            way = ("retried", "response", "explicit")[number % 3]
            name = f"{thread}-{number}"
            if bank.ask("POST", f"/{way}/{name}") is not None:
                answered.append(name)

    with ThreadPoolExecutor(65) as threads:
        jobs = [threads.submit(work, number) for number in range(64)]
        while time.monotonic() < end:
            time.sleep(seconds / 6)
            bank.kill_a_worker()
        for job in jobs:
            job.result()
    engine = create_engine(postgresql)
    with engine.connect() as connection:
        rows: Any = connection.execute(text("SELECT id, balance FROM bank_accounts"))
        balances: dict[int, int] = dict(rows.all())
        made = connection.execute(text("SELECT id, source, target, amount FROM bank_transfers")).all()
    engine.dispose()
    expected = dict.fromkeys(balances, 100)
    for _, source, target, amount in made:
        expected[source] -= amount
        expected[target] += amount
    assert sum(balances.values()) == 10_000
    assert balances == expected
    assert len(answered) > 100
    assert set(answered) <= {row[0] for row in made}


def test_clients_that_are_gone(bank: Bank) -> None:
    """After 200 streams whose clients have gone, no worker has a connection checked out."""
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", bank.port), timeout=10) as connection:
            connection.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.recv(1000)
    wait_for(lambda: all(json.loads(bank.ask("GET", "/pool"))["checked_out"] == 0 for _ in range(20)))
