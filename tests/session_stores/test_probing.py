"""A probe of a store, as `cocopot check` makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_session.stores import StoreUnavailable
from cocopot_session.stores.files import FileStore
from cocopot_session.stores.probing import probe

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
