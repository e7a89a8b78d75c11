"""Serving of an application: the development server, and what other servers share with it."""

from __future__ import annotations

from cocopot.serving.address import (
    UNIX_PREFIX,
    Address,
    AddressError,
    find_address,
    free_port,
    is_loopback,
    listen,
    split_server_name,
)
from cocopot.serving.banner import print_banner
from cocopot.serving.development import (
    LONGEST_TIMEOUT,
    app_that_raises,
    disable_run,
    inherited_address,
    run_app,
    serve,
)

__all__ = [
    "LONGEST_TIMEOUT",
    "UNIX_PREFIX",
    "Address",
    "AddressError",
    "app_that_raises",
    "disable_run",
    "find_address",
    "free_port",
    "inherited_address",
    "is_loopback",
    "listen",
    "print_banner",
    "run_app",
    "serve",
    "split_server_name",
]
