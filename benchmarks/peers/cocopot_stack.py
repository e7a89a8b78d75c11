"""The page in Cocopot, with cocopot-sqlalchemy and cocopot-jinja."""

from __future__ import annotations

import os
from typing import Any

from cocopot_jinja import Jinja
from cocopot_sqlalchemy import SQLAlchemy, db
from sqlalchemy import select
from workloads import PAGE_ROWS, Workload

from cocopot import Cocopot, render_template
from peers.models import POOL_SIZE, Note


def make(_workload: Workload) -> Any:
    app = Cocopot(__name__, static_folder=None, autoload=False, plugins=[Jinja, SQLAlchemy])
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['BENCHMARK_DATABASE']}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": POOL_SIZE}

    @app.get("/")
    def notes() -> str:
        rows = db(app).session.scalars(select(Note).order_by(Note.id).limit(PAGE_ROWS))
        return render_template("notes.html", notes=rows)

    return app
