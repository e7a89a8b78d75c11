"""The page in FastAPI, with SQLAlchemy and Starlette's templates, under an ASGI server."""

from __future__ import annotations

import os
from collections.abc import Iterator  # noqa: TC003 - FastAPI reads the annotation
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.templating import Jinja2Templates
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from workloads import PAGE_ROWS, Workload

from peers.models import POOL_SIZE, Note


def make(_workload: Workload) -> Any:
    app = FastAPI()
    templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
    engine = create_engine(
        f"sqlite:///{os.environ['BENCHMARK_DATABASE']}",
        connect_args={"check_same_thread": False},
        pool_size=POOL_SIZE,
    )

    def open_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    @app.get("/")
    def notes(request: Request, session: Session = Depends(open_session)) -> Any:  # noqa: B008, FAST002 - it is local
        rows = session.scalars(select(Note).order_by(Note.id).limit(PAGE_ROWS))
        return templates.TemplateResponse(request, "notes.html", {"notes": rows})

    return app
