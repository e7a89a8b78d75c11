"""What tests need that start processes of their own."""

from __future__ import annotations

import os
import socket


def clean_environ(**variables: str) -> dict[str, str]:
    """Return this process's environment without what changes a command or Python, and with some variables."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COCOPOT", "_COCOPOT", "PYTHON", "WERKZEUG_", "COV_"))
    }
    return {**kept, **variables}


def free_port() -> int:
    """Return a port that no code listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
