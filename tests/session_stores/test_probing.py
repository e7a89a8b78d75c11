"""A probe of a store, as `cocopot check` makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_session import Sessions
from cocopot_session.stores import StoreUnavailable
from cocopot_session.stores.files import FileStore
from cocopot_session.stores.probing import probe

from cocopot import Cocopot
from tests.cli.support import run
from tests.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot_session.stores import Store


class Forgetful(FileStore):
    """A store that evicts at once."""

    def replace(self, key: str, *args: object, **options: object) -> bool:
        self.delete(key)
        return True


class Undeletable(FileStore):
    """A store that does not delete."""

    def delete(self, key: str) -> None:
        pass


@pytest.mark.slow
def test_every_store(store: Store) -> None:
    """Each of them works."""
    probe(store)


@pytest.mark.parametrize(
    ("cls", "message"), [(Forgetful, "not there afterwards"), (Undeletable, "still there afterwards")]
)
def test_unsound_stores(cls: type[FileStore], message: str, tmp_path: Path) -> None:
    """A store that answers, and does not do what it should, is found out."""
    with pytest.raises(StoreUnavailable, match=message):
        probe(cls(str(tmp_path / "sessions")))


def test_a_check_of_the_application(tmp_path: Path) -> None:
    """`cocopot check` reports a store that is not there, with its host and without its password."""
    port = free_port()
    app = Cocopot("shop", autoload=False, plugins=[Sessions], instance_path=str(tmp_path))
    app.config["SESSION_STORE"] = f"redis://ada:secret@127.0.0.1:{port}/0"
    output = run(app, "check", code=1)
    assert f"redis://ada:********@127.0.0.1:{port}/0 cannot be used: " in output
    assert "correct SESSION_STORE (set by" in output
    assert "secret" not in output
