"""The endpoint for reports of violations, which are logged."""

from __future__ import annotations

import contextlib
import json
import time
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from cocopot import current_app, request
from cocopot.exceptions import BadRequest, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cocopot import ResponseValue

#: The largest accepted body, in bytes.
MAX_BODY: Final = 64 * 1024
#: How many violations are logged in a minute; more are counted.
MAX_LOGGED: Final = 20
_MAX_TEXT: Final = 200
# Reporting API; CSP Level 2; and what some browsers have sent.
_TYPES: Final = frozenset({"application/reports+json", "application/csp-report", "application/json"})


class ReportLog:
    """Log violations: not more than a number of them in a minute, whatever clients send."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        self._count = 0

    def receive(self) -> ResponseValue:
        """Answer a request with reports; it is the view of the endpoint.

        Raises:
            BadRequest: The body is not JSON, or does not contain reports.
            RequestEntityTooLarge: It is too large.
            UnsupportedMediaType: It is of another media type.
        """
        if request.mimetype not in _TYPES:
            raise UnsupportedMediaType(f"Send one of {', '.join(sorted(_TYPES))}.")
        request.max_content_length = MAX_BODY
        try:
            document = json.loads(request.get_data())
        except (ValueError, RecursionError):
            raise BadRequest("The body is not JSON.") from None
        for violation in _violations(document):
            self._log(violation)
        return "", 204

    def _log(self, violation: Mapping[str, object]) -> None:
        with self._lock:
            minute, missed = int(time.monotonic() // 60), 0
            if minute != self._minute:
                missed = max(0, self._count - MAX_LOGGED)
                self._minute, self._count = minute, 0
            self._count += 1
            is_logged = self._count <= MAX_LOGGED
        if missed:
            current_app.logger.warning("headers: %d more violations of the policy are not shown", missed)
        if is_logged:
            current_app.logger.warning(
                "headers: violation of %s (%s) in %s: %s is blocked, by %s line %s",
                _shown(violation, "effectiveDirective", "effective-directive", "violated-directive"),
                _shown(violation, "disposition"),
                _shown(violation, "documentURL", "document-uri"),
                _shown(violation, "blockedURL", "blocked-uri"),
                _shown(violation, "sourceFile", "source-file"),
                _shown(violation, "lineNumber", "line-number"),
            )


def _violations(document: object) -> Iterable[Mapping[str, object]]:
    """Yield the violations in a document of either format.

    Raises:
        BadRequest: It is of neither.
    """
    if isinstance(document, dict) and isinstance(report := document.get("csp-report"), dict):
        yield report
        return
    if not isinstance(document, list):
        raise BadRequest("The body does not contain reports.")
    for report in document:
        if isinstance(report, dict) and report.get("type") == "csp-violation":
            body = report.get("body")
            if isinstance(body, dict):
                yield body


def _shown(violation: Mapping[str, object], *names: str) -> str:
    """Return a value for the log: cut, escaped, and without the query of a URL, which may be secret."""
    value = next((violation[name] for name in names if name in violation), None)
    if value is None or isinstance(value, (bool, int, float)):
        return str(value)[:_MAX_TEXT]
    if not isinstance(value, str):
        return "?"
    text = value[:_MAX_TEXT]
    with contextlib.suppress(ValueError):
        if "://" in text:
            text = urlunsplit((*urlsplit(text)[:3], "", ""))
    return ascii(text)
