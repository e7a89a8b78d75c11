"""Serve the application with a server that is started from Python: its name, and a port on 127.0.0.1."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.fuzz.application import app

if TYPE_CHECKING:
    from collections.abc import Callable


def run_development(port: int) -> None:
    """Serve with the development server."""
    app.run(port=port, debug=False)


def run_waitress(port: int) -> None:
    """Serve with waitress."""
    import waitress

    waitress.serve(app, host="127.0.0.1", port=port, threads=4)


RUNNERS: dict[str, Callable[[int], None]] = {"development": run_development, "waitress": run_waitress}

if __name__ == "__main__":
    RUNNERS[sys.argv[1]](int(sys.argv[2]))
