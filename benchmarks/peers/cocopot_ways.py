"""The ways of `ways.py` in Cocopot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cocopot
from peers import views

if TYPE_CHECKING:
    from workloads import Workload


def make(workload: Workload) -> Any:
    app = cocopot.Cocopot("benchmark", static_folder=None, autoload=False)
    return views.make(cocopot, app, workload)
