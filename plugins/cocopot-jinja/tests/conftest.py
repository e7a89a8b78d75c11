"""Applications with template files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from cocopot_jinja import Jinja

from cocopot import Cocopot

if TYPE_CHECKING:
    from pathlib import Path


class MakeApp(Protocol):
    """Makes an application with templates."""

    def __call__(
        self,
        files: dict[str, str] | None = None,
        *plugins: object,
        cls: type[Cocopot] = ...,
        config: dict[str, Any] | None = None,
    ) -> Cocopot: ...


@pytest.fixture
def make_app(tmp_path: Path) -> MakeApp:
    """Return a function that makes an application whose template folder has these files."""

    def make(
        files: dict[str, str] | None = None,
        *plugins: object,
        cls: type[Cocopot] = Cocopot,
        config: dict[str, Any] | None = None,
    ) -> Cocopot:
        write(tmp_path / "templates", files or {})
        app = cls("birds", autoload=False, plugins=[*plugins, Jinja], root_path=str(tmp_path))
        app.config.update(config or {"TESTING": True})
        return app

    return make


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
