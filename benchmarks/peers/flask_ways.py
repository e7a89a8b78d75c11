"""The ways of `ways.py` in Flask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask

from peers import views

if TYPE_CHECKING:
    from workloads import Workload


def make(workload: Workload) -> Any:
    return views.make(flask, flask.Flask("benchmark", static_folder=None), workload)
