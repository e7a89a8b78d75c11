"""Requests that a plugin must survive, and other uses of an application."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from cocopot import hookimpl
from cocopot.exceptions import BuildError, blame_of
from cocopot_devtools.checks.subjects import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from cocopot import Cocopot, Request
    from cocopot_devtools.checks.subjects import PluginUnderTest

#: Where the applications have their views.
BASE = "/cocopot-check"


class ProbeError(Exception):
    """Raised by the views and the plugin of the check itself."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A request that a plugin must survive.

    Args:
        code: The rule that is broken if it does not.
        what: What the request is, for messages.
        path: Where it goes to.
        succeeds: Whether the application alone answers it with a 2xx.
        options: What else the test client takes.
    """

    code: str
    what: str
    path: str
    succeeds: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


_MALFORMED = {
    "Accept": "*/*;q=x, ;",
    "Accept-Language": ";q=,",
    "Authorization": "Basic %%%",
    "Content-Type": "application/json; charset=utf-99",
    "Cookie": "=; session=%ff\xff; ;a",
    "If-Modified-Since": "yesterday",
    "If-None-Match": 'W/"',
    "Origin": "://",
    "Range": "bytes=9-1",
    "Referer": "http://[",
    "X-Forwarded-For": ", ,",
    "X-Request-ID": "\xff" * 300,
}
SCENARIOS = (
    Scenario("CP501", "a request", f"{BASE}/text"),
    Scenario("CP501", "a HEAD request", f"{BASE}/text", options={"method": "HEAD"}),
    Scenario("CP501", "an OPTIONS request", f"{BASE}/text", options={"method": "OPTIONS"}),
    Scenario(
        "CP501", "a form that is posted", f"{BASE}/text", options={"method": "POST", "data": {"a": "b"}}
    ),
    Scenario("CP501", "a view that returns JSON", f"{BASE}/json"),
    Scenario("CP501", "a view that returns an iterator", f"{BASE}/stream"),
    Scenario("CP501", "a view that sends a file", f"{BASE}/file"),
    Scenario("CP502", "a path that no route matches", f"{BASE}/missing", succeeds=False),
    Scenario("CP502", "a method that the route does not have", f"{BASE}/json", False, {"method": "DELETE"}),
    Scenario("CP503", "a view that raises", f"{BASE}/fails", succeeds=False),
    Scenario("CP504", "a request that an earlier plugin answers", f"{BASE}/answered", succeeds=False),
    Scenario("CP504", "a request in which an earlier plugin raises", f"{BASE}/early", succeeds=False),
    Scenario(
        "CP505",
        "a request with malformed headers, query and body",
        f"{BASE}/text?a=%ff&=&%",
        succeeds=False,
        options={"method": "POST", "data": b"{\xff", "headers": _MALFORMED},
    ),
)


class ProbePlugin:
    """The plugin of the check, which runs first: it answers, raises, and records the teardown hooks."""

    plugin_name = "!cocopot-check-plugin"

    def __init__(self) -> None:
        self.torn_down: list[str] = []

    @hookimpl(tryfirst=True)
    def cocopot_request_started(self, request: Request) -> None:
        """Raise before the implementations of other plugins run."""
        if request.path == f"{BASE}/early":
            raise ProbeError

    @hookimpl(tryfirst=True)
    def cocopot_before_request(self, request: Request) -> str | None:
        """Answer before the others."""
        return "answered" if request.path == f"{BASE}/answered" else None

    @hookimpl(trylast=True)
    def cocopot_teardown_request(self) -> None:
        """Record that the request's teardown has reached this plugin."""
        self.torn_down.append("cocopot_teardown_request")

    @hookimpl(trylast=True)
    def cocopot_teardown_app_context(self) -> None:
        """Record that the application context's teardown has reached this plugin."""
        self.torn_down.append("cocopot_teardown_app_context")


class Caught(NamedTuple):
    """An exception, its frames and its blame, which an application removes from it after the request."""

    error: BaseException
    frames: TracebackType | None
    plugin_and_hook: tuple[str | None, str]


class Collector(logging.Handler):
    """Keeps the exceptions that an application logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[Caught] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception of a record."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.errors += _parts(error)

    def take(self) -> list[Caught]:
        """Return what was collected, and clear it."""
        errors, self.errors = self.errors, []
        return errors


class RequestScenarios:
    """The scenarios of a check, sent to one application."""

    def __init__(self, subject: PluginUnderTest, app: Cocopot) -> None:
        self._subject = subject
        self._app = app
        self._collector = Collector()
        app.logger.handlers = [self._collector]
        app.logger.propagate = False
        (record,) = (record for record in app.plugins.records() if isinstance(record.plugin, ProbePlugin))
        self._witness: Any = record.plugin

    def run(self) -> None:
        """Send every request, and do what happens outside of requests."""
        for scenario in SCENARIOS:
            self.request(scenario)
        for what, action in {
            "an application context outside of requests": self._context,
            "the names for the shell": self._app.make_shell_context,
            "the commands": lambda: self._app.cli,
            "the JSON provider": lambda: self._app.json.dumps({"a": 1}),
            "url_for": self._url,
            "app.close()": self._app.close,
        }.items():
            self._subject.step(f"the check tried {what}")
            self._report("CP507", what, self._errors_of(action))

    def request(self, scenario: Scenario) -> None:
        """Send one request."""
        self._subject.step(f"the check sent {scenario.what}")
        self._witness.torn_down.clear()
        client = self._app.test_client(use_cookies=False)
        status: list[int] = []

        def send() -> None:
            response = client.open(scenario.path, **scenario.options)
            status.append(response.status_code)
            response.get_data()
            response.close()

        errors = self._errors_of(send)
        self._report(scenario.code, scenario.what, errors)
        if scenario.succeeds and status and status[0] >= 500 and not errors:
            self._subject.find(scenario.code, f"With {scenario.what}, the answer is a {status[0]}.")
        for hook in ("cocopot_teardown_request", "cocopot_teardown_app_context"):
            if hook not in self._witness.torn_down:
                message = f"With {scenario.what}, {hook} did not reach the other plugins."
                if not any(
                    found.code == "CP506" and hook in found.message for found in self._subject.findings
                ):
                    self._subject.find("CP506", message)

    def _context(self) -> None:
        with self._app.app_context():
            pass

    def _url(self) -> None:
        with self._app.test_request_context(f"{BASE}/text"):
            self._app.url_for("cocopot-check text")
            with contextlib.suppress(BuildError):
                self._app.url_for("an endpoint that does not exist")

    def _errors_of(self, action: Callable[[], object]) -> list[Caught]:
        """Run an action, and return the exceptions that it raised or logged, except those of the check."""
        raised: list[Caught] = []
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - every exception is inspected
            raised += _parts(error)
        errors = (*self._collector.take(), *raised)
        return [caught for caught in errors if not isinstance(caught.error, ProbeError)]

    def _report(self, code: str, what: str, errors: list[Caught]) -> None:
        for error, frames, (plugin, hook) in errors:
            if plugin not in (None, self._subject.plugin):
                continue  # of another plugin, which this one requires
            problem = f"{hook} raises {describe(error)}"
            place = self._subject.place_of(error) if frames is None else self._subject.place_in(frames)
            if (problem, place) not in self._subject.seen:
                self._subject.seen.add((problem, place))
                self._subject.find(code, f"With {what}, {problem}", place)


def _parts(error: BaseException) -> Iterator[Caught]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _parts(part)
    else:
        blame = next(iter(blame_of(error)), None)
        yield Caught(
            error, error.__traceback__, (None, "it") if blame is None else (blame.plugin, blame.hook)
        )
