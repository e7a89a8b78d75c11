"""The endpoint for reports of violations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cocopot_csrf import CSRF
from cocopot_headers import SecurityHeaders

from cocopot import Cocopot, testing

BODY = {"documentURL": "https://shop.example/cart?token=secret#x", "effectiveDirective": "img-src"}
NEW = [{"type": "csp-violation", "body": BODY}]
OLD = {"csp-report": {"document-uri": "https://shop.example/cart", "violated-directive": "img-src"}}


@pytest.fixture
def app() -> Cocopot:
    """An application with an endpoint, beside cocopot-csrf."""
    config = {"TESTING": False, "HEADERS_CSP_REPORT": "/reports", "HEADERS_HTTPS_REDIRECT": True}
    return testing.make_app(SecurityHeaders, CSRF, config=config, static_folder=None)


def send(app: Cocopot, document: object, mimetype: str = "application/reports+json") -> int:
    data = document if isinstance(document, bytes) else json.dumps(document)
    headers = {"Sec-Fetch-Site": "cross-site"}
    client = app.test_client()
    return client.post("/reports", data=data, content_type=mimetype, headers=headers).status_code


def test_the_header_names_the_endpoint(app: Cocopot) -> None:
    """In both forms: for the Reporting API, which browsers have over https only, and for the others."""
    client = app.test_client()
    plain = client.get("/x").headers
    assert plain["Content-Security-Policy"].endswith("; report-uri /reports")
    assert "Reporting-Endpoints" not in plain
    headers = client.get("/x", base_url="https://localhost").headers
    assert headers["Content-Security-Policy"].endswith("; report-uri /reports; report-to csp")
    assert headers["Reporting-Endpoints"] == 'csp="/reports"'


@pytest.mark.parametrize(
    ("document", "mimetype"), [(NEW, "application/reports+json"), (OLD, "application/csp-report")]
)
def test_violations_are_logged(
    app: Cocopot, document: object, mimetype: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Both formats are read; the query of a URL, which may be secret, is not logged."""
    assert send(app, document, mimetype) == 204
    [message] = caplog.messages
    assert "violation of 'img-src' (None) in 'https://shop.example/cart'" in message


def test_hostile_texts(app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
    """What a client sends is escaped and cut."""
    body: dict[str, Any] = {
        **BODY,
        "effectiveDirective": "x\nERROR in auth\x1b[2J\u202e",
        "sourceFile": "y" * 9999,
    }
    body |= {"lineNumber": 10**300, "disposition": {"a": 1}, "blockedURL": "https://[x"}
    assert send(app, [{"type": "csp-violation", "body": body}]) == 204
    [message] = caplog.messages
    assert message.isprintable()
    assert message.isascii()
    assert r"x\nERROR in auth\x1b[2J\u202e" in message
    assert len(message) < 1500


def test_many_violations(app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
    """Not more than a number of them is logged, in one request or in many."""
    for _ in range(5):
        assert send(app, NEW * 50) == 204
    assert 20 <= len(caplog.messages) <= 41  # a minute may end in between


@pytest.mark.parametrize(
    ("document", "mimetype", "status"),
    [
        (b"{", "application/csp-report", 400),
        (b"[" * 60_000, "application/reports+json", 400),
        (b"\xff", "application/json", 400),
        (b"9" * 5000, "application/json", 400),
        ({}, "application/csp-report", 400),
        ({"csp-report": 7}, "application/csp-report", 400),
        (7, "application/json", 400),
        ([7, {"type": "csp-violation"}, {"type": "x", "body": {}}], "application/reports+json", 204),
        (NEW, "text/plain", 415),
        (b"[" + b" " * 70_000 + b"]", "application/reports+json", 413),
    ],
)
def test_bad_reports(app: Cocopot, document: object, mimetype: str, status: int) -> None:
    """They are refused, and never a 500."""
    assert send(app, document, mimetype) == status


def test_another_service() -> None:
    """A URL is used as it is, and no route is added."""
    config = {"HEADERS_CSP_REPORT": "https://reports.example/r"}
    app = testing.make_app(SecurityHeaders, config=config, static_folder=None)
    response = app.test_client().get("/", base_url="https://localhost")
    assert response.headers["Reporting-Endpoints"] == 'csp="https://reports.example/r"'
    assert "headers_csp_report" not in app.view_functions
