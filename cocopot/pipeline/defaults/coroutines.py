"""Run coroutines in the event loop of the process."""

from __future__ import annotations

import atexit
import importlib
import sys
from typing import TYPE_CHECKING

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.coroutines import AnyCoroutine, CoroutineOutcome

_MODULE = "cocopot.event_loop"  # imports asyncio, which most applications do not need


@hookimpl(trylast=True)
def cocopot_run_coroutine(app: Cocopot, coroutine: AnyCoroutine) -> CoroutineOutcome:
    """Run a coroutine in the event loop of this process."""
    outcome: CoroutineOutcome = importlib.import_module(_MODULE).run(app, coroutine)
    return outcome


def release_event_loop(app: Cocopot) -> None:
    """Cancel the application's tasks, and end the event loop if no other application uses it.

    Args:
        app: The application, which is closed.
    """
    if (module := sys.modules.get(_MODULE)) is not None:
        module.release(app)


def _end_event_loop() -> None:
    if (module := sys.modules.get(_MODULE)) is not None:
        module.end()


# Registered before that of any application, so that it is called later: their shutdown needs the event loop.
atexit.register(_end_event_loop)
