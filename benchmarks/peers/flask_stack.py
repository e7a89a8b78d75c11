"""The page in Flask, with Flask-SQLAlchemy and Flask's templates."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from workloads import PAGE_ROWS, Workload

from peers.models import POOL_SIZE, Base, Note


def make(_workload: Workload) -> Any:
    app = Flask(__name__, static_folder=None)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['BENCHMARK_DATABASE']}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": POOL_SIZE}
    db = SQLAlchemy(app, model_class=Base)

    @app.get("/")
    def notes() -> str:
        rows = db.session.scalars(select(Note).order_by(Note.id).limit(PAGE_ROWS))
        return render_template("notes.html", notes=rows)

    return app
