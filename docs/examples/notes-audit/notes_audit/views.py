"""The page with the audit trail."""

from __future__ import annotations

from cocopot_sqlalchemy import db
from sqlalchemy import select

from cocopot import Blueprint, render_template
from notes_audit.models import Entry

audit = Blueprint("audit", __name__)


@audit.get("/audit", signed_in=True)
def index() -> str:
    """Show a page of the trail, newest first."""
    entries = db().paginate_by_key(select(Entry), [Entry.id.desc()], per_page=20)
    return render_template("audit/index.html", entries=entries)
