"""The servers of `cocopot run --workers`, by name; each is a small module behind one interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.cli.servers.bjoern import Bjoern
from cocopot.cli.servers.granian import Granian
from cocopot.cli.servers.gunicorn import Gunicorn
from cocopot.cli.servers.waitress import Waitress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot.cli.servers.base import Server

__all__ = ["DEFAULT_SERVER", "SERVERS"]

#: All servers, by name, the default first. Their libraries are imported when they serve.
SERVERS: Mapping[str, Server] = {
    server.name: server for server in (Granian(), Gunicorn(), Waitress(), Bjoern())
}
DEFAULT_SERVER = Granian.name
