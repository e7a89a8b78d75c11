"""Serve one framework with one server, configured as for production: `python servers.py SERVER PORT`.

The framework is the value of BENCHMARK_PEER, and BENCHMARK_KIND is which of its applications. Each server has
one worker, and as many threads as `cocopot run` has by default.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from peers import load
from workloads import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable

_HOST = "127.0.0.1"
_THREADS = 32


def make_application() -> Any:
    """Return the application with the views of all of SERVED."""
    make = load(os.environ["BENCHMARK_PEER"], os.environ.get("BENCHMARK_KIND", "app"))
    return make(SERVED[0]) if make is not None else None


def _run_granian(port: int) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "servers:application",
        address=_HOST,
        port=port,
        interface=Interfaces.WSGI,
        websockets=False,
        blocking_threads=_THREADS,
        log_level=LogLevels.error,
    ).serve()


def _run_gunicorn(port: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self) -> None:
            for name, value in {
                "bind": f"{_HOST}:{port}",
                "worker_class": "gthread",
                "threads": _THREADS,
                "loglevel": "error",
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return application

    Application().run()


def _run_waitress(port: int) -> None:
    import waitress

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for each request that waits
    waitress.serve(application, host=_HOST, port=port, threads=_THREADS, _quiet=True)


def _run_bjoern(port: int) -> None:
    import bjoern

    bjoern.run(application, _HOST, port)


def _run_uvicorn(port: int) -> None:
    import uvicorn

    uvicorn.run(application, host=_HOST, port=port, log_level="error", access_log=False)


RUN: dict[str, Callable[[int], None]] = {
    "granian": _run_granian,
    "bjoern": _run_bjoern,
    "gunicorn": _run_gunicorn,
    "waitress": _run_waitress,
    "uvicorn": _run_uvicorn,
}

if "BENCHMARK_PEER" in os.environ:
    application = make_application()

if __name__ == "__main__":
    RUN[sys.argv[1]](int(sys.argv[2]))
