"""An audit trail for the notes of the example application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cocopot_jinja import render_markup

from cocopot import hookimpl
from notes_audit.models import Base
from notes_audit.trail import follow
from notes_audit.views import audit

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from cocopot import Cocopot

FOLDER = Path(__file__).parent


class Audit:
    """Writes what users do to notes, after each commit, and shows it to them."""

    requires = ("jinja", "noteboard", "sqlalchemy")

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Add the page."""
        app.add_template_folder(FOLDER / "templates")
        app.register_blueprint(audit)

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Follow the changes of all sessions."""
        follow(app)

    @hookimpl
    def sqlalchemy_metadata(self) -> MetaData:
        """Return the table."""
        return Base.metadata

    @hookimpl
    def sqlalchemy_migrations(self) -> tuple[Path, str]:
        """Return the migrations, and the label of their branch."""
        return FOLDER / "migrations", "audit"

    @hookimpl
    def jinja_slot(self, slot: str) -> str | None:
        """Add a link to the navigation."""
        return render_markup("audit/link.html") if slot == "nav" else None
