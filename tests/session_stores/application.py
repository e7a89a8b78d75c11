"""An application that gunicorn serves, with its sessions in SESSION_STORE."""

from __future__ import annotations

import gc
import os
import threading
from typing import Any

from cocopot_session import Sessions, session

from cocopot import Cocopot, request
from cocopot.context import Context

app = Cocopot("shop", autoload=False, plugins=[Sessions], instance_path=os.environ["INSTANCE_PATH"])
app.config["SESSION_STORE"] = os.environ["SESSION_STORE"]
app.config["SESSION_STORE_FAILURE"] = os.environ.get("SESSION_STORE_FAILURE", "unavailable")
app.secret_key = "fixed in this test only; use 32 random bytes"
counts = {"began": 0, "ended": 0}
lock = threading.Lock()


def count(event: str) -> None:
    with lock:
        counts[event] += 1


@app.before_request
def begin() -> None:
    count("began")


@app.teardown_request
def end(exc: BaseException | None) -> None:
    count("ended")


@app.get("/")
def show() -> dict[str, Any]:
    return {"items": session.get("items", []), "count": session.get("count", 0)}


@app.post("/")
def add() -> str:
    """Add an item to a list, and count in two ways."""
    session.setdefault("items", []).append(request.get_data(as_text=True))
    session.change("count", lambda number: number + 1, 0)
    return str(session["count"])


@app.post("/rotate")
def rotate() -> str:
    session.rotate()
    return "rotated"


@app.post("/destroy")
def destroy() -> str:
    session.destroy()
    return "destroyed"


@app.get("/plain")
def plain() -> str:
    return "plain"


@app.get("/state")
def state() -> dict[str, int]:
    """Return what shows whether contexts of requests are released, but for this one."""
    gc.collect()
    with lock:
        contexts = sum(isinstance(item, Context) for item in gc.get_objects())
        return {"pid": os.getpid(), "open": counts["began"] - counts["ended"] - 1, "contexts": contexts - 1}
