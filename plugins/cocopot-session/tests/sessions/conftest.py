"""Applications with sessions, and a store in the memory of the process."""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_session import Sessions, Stored, StoreUnavailable

from cocopot import Cocopot, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parents[1]))  # for `session_views`

KEY = "a key for tests only, of 32 bytes or more"


class MemoryStore:
    """Stores sessions in a dict, with the same guarantees as the stores of the package."""

    def __init__(self) -> None:
        self.sessions: dict[str, Stored] = {}
        self.lock = threading.Lock()
        #: The calls that have been made, by name.
        self.calls: list[str] = []
        #: The names of the methods that raise.
        self.broken: set[str] = set()
        #: Called before a session is replaced.
        self.before_replace: Callable[[], object] = lambda: None

    def _use(self, name: str) -> None:
        self.calls.append(name)
        if name in self.broken:
            raise StoreUnavailable("memory://birds cannot be reached")

    def load(self, key: str) -> Stored | None:
        self._use("load")
        stored = self.sessions.get(key)
        return stored if stored is not None and stored.expires > time.time() else None

    def create(self, key: str, stored: Stored) -> None:
        self._use("create")
        with self.lock:
            if key in self.sessions:
                raise KeyError(key)
            self.sessions[key] = stored

    def replace(self, key: str, stored: Stored, *, version: str) -> bool:
        self._use("replace")
        self.before_replace()
        with self.lock:
            found = self.sessions.get(key)
            if found is None or found.version != version:
                return False
            self.sessions[key] = stored
            return True

    def touch(self, key: str, expires: float) -> None:
        self._use("touch")
        with self.lock:
            if (old := self.sessions.get(key)) is not None:
                self.sessions[key] = Stored(old.version, old.values, old.created, expires, old.user)

    def delete(self, key: str) -> None:
        self._use("delete")
        self.sessions.pop(key, None)

    def keys_of(self, user: str) -> list[str]:
        self._use("keys_of")
        return [key for key, stored in self.sessions.items() if stored.user == user]

    def clean(self) -> int:
        self._use("clean")
        expired = [key for key, stored in self.sessions.items() if stored.expires <= time.time()]
        for key in expired:
            del self.sessions[key]
        return len(expired)

    def close(self) -> None:
        self.calls.append("close")


class StorePlugin:
    """Provides the store."""

    plugin_name = "memory"
    requires = ("session",)

    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    @hookimpl
    def session_store(self) -> MemoryStore:
        return self.store


@pytest.fixture(autouse=True)
def enable_logger() -> None:
    """Enable the logger that an earlier test has disabled: applications of one name share theirs."""
    logging.getLogger("shop").disabled = False


@pytest.fixture
def make_app() -> Callable[..., Any]:
    """Return what makes an application with sessions; keywords are its configuration."""

    def make(*plugins: object, **config: object) -> Cocopot:
        app = Cocopot("shop", autoload=False, plugins=[Sessions, *plugins])
        app.testing = True
        app.config.update({"SECRET_KEY": KEY, **config})
        return app

    return make


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def stored_app(make_app: Callable[..., Cocopot], store: MemoryStore) -> Cocopot:
    """Return an application whose sessions are in the store."""
    return make_app(StorePlugin(store))


@pytest.fixture
def with_store() -> Callable[[MemoryStore], StorePlugin]:
    return StorePlugin
