"""A session in a signed cookie: cocopot-session beside Flask's own, in one process.

Run it with `.venv/bin/python benchmarks/sessions.py`. The rows take turns in short rounds, so that a busy
machine slows all of them down alike. It prints the minimum of each row in microseconds of the thread's time;
`bare` is Cocopot without the plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cocopot_session
import flask
from turns import minima, sender
from workloads import Workload

import cocopot

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "read, with a list of dicts": (_read, _LARGE),
    "write": (_write, _SMALL),
    "write, with a list of dicts": (_write, _LARGE),
    "flash": (_flash, _SMALL),
}


def _rows(view: Callable[[Any], str], values: dict[str, Any]) -> dict[str, Callable[[], bytes]]:
    """Return what is timed for one workload."""
    plugin = cocopot.Cocopot("bench", autoload=False, plugins=[cocopot_session.Sessions])
    apps = {"cocopot": (plugin, cocopot), "flask": (flask.Flask("bench"), flask)}
    if view is _ignore:
        apps["bare"] = (cocopot.Cocopot("bench", autoload=False), cocopot)
    rows = {}
    for name, (app, module) in apps.items():
        app.secret_key = _KEY
        app.add_url_rule("/", "view", lambda module=module: view(module))
        cookie = "session=0" if name == "bare" else _cookie(app, values)
        rows[name] = sender(app, Workload(name, name, ("/",), sent={"HTTP_COOKIE": cookie}))
    return rows


def _cookie(app: Any, values: dict[str, Any]) -> str:
    """Return the cookie of a session with these values."""
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(values)
    name = "session" if isinstance(app, flask.Flask) else "__Host-session"
    return f"{name}={client.get_cookie(name).value}"


def main() -> None:
    """Print the table."""
    print(f"{'the session is':30}{'cocopot':>9}{'flask':>9}{'bare':>9}{'of flask':>10}")
    for name, (view, values) in _WORKLOADS.items():
        rows = _rows(view, values)
        assert len({row() for row in rows.values()}) == 1, "the responses differ"
        best = minima(rows)
        bare = f"{best['bare']:9.1f}" if "bare" in best else " " * 9
        of_flask = best["cocopot"] / best["flask"]
        print(f"{name:30}{best['cocopot']:9.1f}{best['flask']:9.1f}{bare}{of_flask:10.2f}")


if __name__ == "__main__":
    main()
