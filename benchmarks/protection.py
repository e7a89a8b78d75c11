"""Protected requests in one process: cocopot-csrf beside Flask-WTF, cocopot-headers beside Flask-Talisman.

A value is the minimum of a row, in the thread's time. What the protection adds is the difference to the same
request to an application without it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import cocopot_csrf
import cocopot_headers
import flask
import flask_talisman
from flask_wtf.csrf import CSRFProtect, generate_csrf
from plugin_parts import ADDED, PROTECTION
from results import Sample
from settings import Settings, print_samples
from turns import minima, sender
from workloads import Workload

import cocopot

if TYPE_CHECKING:
    from collections.abc import Callable

_COLUMNS = ("cocopot, bare", "cocopot", "flask, bare", "flask")
_SHOWN = ("cocopot", "flask", "cocopot, bare", "flask, bare")
_FORM_TYPE = "application/x-www-form-urlencoded"
_FORM = {"title": "Milk", "text": "two bottles"}
_OWN = {"HTTP_ORIGIN": "http://localhost", "HTTP_SEC_FETCH_SITE": "same-origin"}


def _cocopot(*plugins: object) -> Any:
    """Return an application of Cocopot with these plugins only."""
    app = cocopot.Cocopot("bench", autoload=False, plugins=list(plugins))
    app.add_url_rule("/", view_func=lambda: "text", endpoint="text")
    app.add_url_rule("/form", view_func=lambda: "a form", endpoint="form")
    app.add_url_rule("/nonce", view_func=lambda: len(cocopot.request.csp_nonce) and "x", endpoint="nonce")
    app.add_url_rule(
        "/send", view_func=lambda: cocopot.request.form["title"], endpoint="send", methods=["POST"]
    )
    return app


def _flask() -> Any:
    """Return an application of Flask with the same routes."""
    app = flask.Flask("bench")
    app.secret_key = "0f9c2b7e51d84a6f93e0c7d1b25a48f6"
    app.add_url_rule("/", view_func=lambda: "text", endpoint="text")
    app.add_url_rule("/form", view_func=lambda: "a form", endpoint="form")
    app.add_url_rule("/token", view_func=generate_csrf, endpoint="token")
    app.add_url_rule(
        "/nonce", view_func=lambda: len(flask.request.__dict__["csp_nonce"]) and "x", endpoint="nonce"
    )
    app.add_url_rule(
        "/send", view_func=lambda: flask.request.form["title"], endpoint="send", methods=["POST"]
    )
    return app


def _sender(app: Any, path: str, form: dict[str, str] | None = None, **headers: str) -> Callable[[], bytes]:
    """Return a function that sends one request, and returns the body of the response."""
    method, payload = ("POST", urlencode(form).encode()) if form else ("GET", b"")
    request = Workload(path, "", (path,), method=method, payload=payload, type=_FORM_TYPE, sent=headers)
    return sender(app, request)


def _with_token(app: Any) -> Callable[[], bytes]:
    """Return a function that sends the form with the token of a session, as Flask-WTF needs it."""
    client = app.test_client()
    token = client.get("/token").text
    cookie = client.get_cookie("session")
    assert cookie is not None
    form = {**_FORM, "csrf_token": token}
    return _sender(app, "/send", form, HTTP_COOKIE=f"session={cookie.value}")


def _csrf_rows() -> dict[str, tuple[Callable[[], bytes], ...]]:
    """Return the rows of the protection from CSRF: with and without it, ours and Flask's."""
    bare, own, peer, protected = _cocopot(), _cocopot(cocopot_csrf.CSRF), _flask(), _flask()
    CSRFProtect(protected)

    def page(app: Any, *, has_token: bool = False) -> Callable[[], bytes]:
        send = _sender(app, "/form")
        if not has_token:
            return send
        token = _sender(app, "/token")
        return lambda: token() and b"a form"

    return {
        "GET, CSRF": tuple(_sender(app, "/") for app in (bare, own, peer, protected)),
        "form, CSRF": (page(bare), page(own), page(peer), page(protected, has_token=True)),
        "POST, CSRF": (
            _sender(bare, "/send", _FORM, **_OWN),
            _sender(own, "/send", _FORM, **_OWN),
            _sender(peer, "/send", _FORM, **_OWN),
            _with_token(protected),
        ),
    }


def _headers_rows() -> dict[str, tuple[Callable[[], bytes], ...]]:
    """Return the rows of the security headers: with and without them, ours and Flask's."""
    bare, own, peer, protected = _cocopot(), _cocopot(cocopot_headers.SecurityHeaders), _flask(), _flask()
    flask_talisman.Talisman(
        protected, force_https=False, content_security_policy_nonce_in=["script-src", "style-src"]
    )
    senders = tuple(_sender(app, "/nonce") for app in (own, protected))
    return {
        "GET, headers": tuple(_sender(app, "/") for app in (bare, own, peer, protected)),
        "nonce, headers": (_sender(bare, "/"), senders[0], _sender(peer, "/"), senders[1]),
    }


def measure(settings: Settings) -> list[Sample]:
    """Time each request to four applications: with and without the protection, ours and Flask's."""
    logging.getLogger().addHandler(logging.NullHandler())
    samples, added = [], []
    for name, row in (_csrf_rows() | _headers_rows()).items():
        assert row[1]() == row[3](), f"{name}: the responses differ"
        best = minima(dict(zip(_COLUMNS, row, strict=True)), settings.effort)
        samples += [Sample(PROTECTION, name, peer, "µs", best[peer]) for peer in _SHOWN]
        # Not less than nothing, which a short measurement may find.
        added += [
            Sample(ADDED, name, peer, "µs", max(0.0, best[peer] - best[f"{peer}, bare"]))
            for peer in ("cocopot", "flask")
        ]
    return samples + added


if __name__ == "__main__":
    print_samples(measure)
