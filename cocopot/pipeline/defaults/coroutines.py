"""Run coroutines in the event loop of the process."""

from __future__ import annotations

import atexit
import importlib
import sys
import weakref
from typing import TYPE_CHECKING

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.coroutines import AnyCoroutine, CoroutineOutcome

_MODULE = "cocopot.event_loop"  # imports asyncio, which most applications do not need


@hookimpl(trylast=True)
def cocopot_run_coroutine(app: Cocopot, coroutine: AnyCoroutine) -> CoroutineOutcome:
    """Run a coroutine in the event loop of this process."""
    module = importlib.import_module(_MODULE)
    try:
        outcome: CoroutineOutcome = module.run(app, coroutine)
    finally:
        if app in _closed:  # such as of a response that was open when the application was closed
            module.release(app, if_idle=True)
    return outcome


#: The applications that have been closed, and not started again.
_closed: weakref.WeakSet[Cocopot] = weakref.WeakSet()


def claim_event_loop(app: Cocopot) -> None:
    """Let the event loop stay after a coroutine of the application, so that the next one finds its clients.

    Args:
        app: The application, which is being started.
    """
    _closed.discard(app)


def release_event_loop(app: Cocopot) -> None:
    """Cancel the application's tasks, and end the event loop if no other application uses it.

    A coroutine that the application runs later, for what was not finished, ends it again.

    Args:
        app: The application, which is closed.
    """
    _closed.add(app)
    if (module := sys.modules.get(_MODULE)) is not None:
        module.release(app)


def _end_event_loop() -> None:
    if (module := sys.modules.get(_MODULE)) is not None:
        module.end()


# Registered before that of any application, so that it is called later: their shutdown needs the event loop.
atexit.register(_end_event_loop)
