"""A session in a signed cookie: cocopot-session beside Flask's own, in one process.

The rows take turns in short rounds, so that a busy machine slows all of them down alike. A value is the
minimum of a row, in the thread's time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cocopot_session
import flask
from plugin_parts import SESSIONS
from results import Sample
from settings import Settings, print_samples
from turns import minima, sender
from workloads import Workload

import cocopot

if TYPE_CHECKING:
    from collections.abc import Callable

#: Cocopot without the plugin.
_BARE = "cocopot, bare"
_KEY = "a key of the benchmarks, of 32 bytes or more"
_SMALL = {"user": 5, "name": "ada"}
_LARGE = {**_SMALL, "cart": [{"id": 1, "count": 2}, {"id": 7, "count": 1}]}


def _ignore(_module: Any) -> str:
    return "ignored"


def _read(module: Any) -> str:
    return str(module.session["user"])


def _write(module: Any) -> str:
    module.session["name"] = "grace"
    return "written"


def _flash(module: Any) -> str:
    module.flash("Saved.")
    return "flashed"


#: What a view does with the session, and what the session of the client has.
_WORKLOADS: dict[str, tuple[Callable[[Any], str], dict[str, Any]]] = {
    "not used": (_ignore, _SMALL),
    "read": (_read, _SMALL),
    "read, list": (_read, _LARGE),
    "write": (_write, _SMALL),
    "write, list": (_write, _LARGE),
    "flash": (_flash, _SMALL),
}


def _rows(view: Callable[[Any], str], values: dict[str, Any]) -> dict[str, Callable[[], bytes]]:
    """Return what is timed for one workload."""
    plugin = cocopot.Cocopot("bench", autoload=False, plugins=[cocopot_session.Sessions])
    apps = {"cocopot": (plugin, cocopot), "flask": (flask.Flask("bench"), flask)}
    if view is _ignore:
        apps[_BARE] = (cocopot.Cocopot("bench", autoload=False), cocopot)
    rows = {}
    for name, (app, module) in apps.items():
        app.secret_key = _KEY
        app.add_url_rule("/", "view", lambda module=module: view(module))
        cookie = "session=0" if name == _BARE else _cookie(app, values)
        rows[name] = sender(app, Workload(name, name, ("/",), sent={"HTTP_COOKIE": cookie}))
    return rows


def _cookie(app: Any, values: dict[str, Any]) -> str:
    """Return the cookie of a session with these values."""
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(values)
    name = "session" if isinstance(app, flask.Flask) else "__Host-session"
    return f"{name}={client.get_cookie(name).value}"


def measure(settings: Settings) -> list[Sample]:
    """Time each workload."""
    samples = []
    for name, (view, values) in _WORKLOADS.items():
        rows = _rows(view, values)
        assert len({row() for row in rows.values()}) == 1, "the responses differ"
        best = minima(rows, settings.effort)
        samples += [Sample(SESSIONS, name, peer, "µs", value) for peer, value in best.items()]
    return samples


if __name__ == "__main__":
    print_samples(measure)
