"""The workloads in each framework.

Each module has a function `make(workload)`, which returns a WSGI application, or `None` for a workload that
the framework does not support. The applications follow the documentation of their frameworks for production,
and are configured to send the same bytes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads import Workload

PEERS = ("cocopot", "falcon", "wheezy", "bottle", "flask", "pyramid", "django", "bare")
Make = Callable[["Workload"], Any]


def load(peer: str, kind: str = "app") -> Make | None:
    """Return a peer's function `make`, or `None` if its framework is not installed.

    Args:
        peer: One of `PEERS`, or the dotted name of a module of your own with a function `make`.
        kind: `"app"` for the workloads; or `"ways"`, `"cold"` and `"stack"` for the rows of these programs,
            which not every peer has.
    """
    name = peer if "." in peer else f"peers.{peer}_{kind}"
    try:
        make: Make = importlib.import_module(name).make
    except ModuleNotFoundError as error:
        if error.name in {peer, name}:
            return None
        raise
    return make
