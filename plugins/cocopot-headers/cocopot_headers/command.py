"""`cocopot headers`: show the headers of a response, and what has demanded them."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cocopot import current_app, hookimpl
from cocopot_headers.options import PLAIN
from cocopot_headers.policy import Policy, RoutePolicy, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot import Cocopot, Request
    from cocopot_headers.policy import Directives
    from cocopot_headers.state import State

_KEYS: Mapping[str, str] = {
    **PLAIN,
    "X-Content-Type-Options": "HEADERS_NOSNIFF",
    "X-Frame-Options": "HEADERS_FRAME_OPTIONS",
    "Strict-Transport-Security": "HEADERS_HSTS",
    "Reporting-Endpoints": "HEADERS_CSP_REPORT",
}


class Reason(NamedTuple):
    """What has demanded a source of the policy.

    Args:
        directive: The directive.
        source: The source; empty for a directive without one.
        author: A configuration key, a route or a plugin.
        place: Where it is demanded, if it is known.
    """

    directive: str
    source: str
    author: str
    place: str


class RecordingPolicy(Policy):
    """A policy that records who adds to it.

    Args:
        directives: As for `Policy`.
        plugins: The names of the plugins with implementations of `headers_csp`, by code object.
    """

    __slots__ = ("_plugins", "added")

    def __init__(self, directives: Directives, plugins: Mapping[object, str]) -> None:
        super().__init__(directives)
        self._plugins = plugins
        self.added: list[Reason] = []

    def add(self, directive: str, *sources: str) -> None:
        """Add sources, and record which plugin adds them, and where."""
        super().add(directive, *sources)
        frame: Any = getattr(inspect.currentframe(), "f_back", None)
        place = f"{_short(frame.f_code.co_filename)}:{frame.f_lineno}"
        while frame is not None and frame.f_code not in self._plugins:
            frame = frame.f_back
        author = "unknown" if frame is None else f"plugin {self._plugins[frame.f_code]!r}"
        self.added += [Reason(directive, source, author, place) for source in sources]


class _Recorder:
    """Keeps the policy of a request and the request itself, after all other plugins have added to it."""

    plugin_name = "headers.recorder"

    def __init__(self) -> None:
        self.request: Request | None = None
        self.policy: Policy | None = None

    @hookimpl(trylast=True)
    def headers_csp(self, request: Request, policy: Policy) -> None:
        self.request, self.policy = request, policy


@click.command("headers")
@click.argument("url", default="/", metavar="[PATH]")
@click.option("--why", is_flag=True, help="Show which key, route or plugin has demanded each header.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(url: str, *, why: bool, as_json: bool) -> None:
    """Send a GET request to a path, or to a URL such as https://localhost/, and show the headers."""
    app: Any = current_app
    app.start()
    state: State = app.extensions["headers"]
    plugins = {_code(impl.function): impl.plugin_name for impl in app.plugins.call_order("headers_csp")}
    recorder = _Recorder()
    app.plugins.register(recorder)
    state.policy_class = lambda directives: RecordingPolicy(directives, plugins)
    response = app.test_client().get(url)
    shown = list(response.headers)
    reasons = list(_reasons(app, state, recorder))
    if as_json:
        headers = [{"name": n, "value": v, "because": _because(app, n)} for n, v in shown]
        policy = [reason._asdict() for reason in reasons]
        click.echo(json.dumps({"status": response.status, "headers": headers, "policy": policy}, indent=2))
        return
    click.echo(_printable(response.status))
    for name, value in shown:
        click.echo(_printable(f"{name}: {value}"))
        if not why:
            continue
        if name.startswith("Content-Security-Policy") and reasons:
            for reason in reasons:
                place = f" ({reason.place})" if reason.place else ""
                click.echo(_printable(f"    {reason.directive} {reason.source}: {reason.author}{place}"))
        else:
            click.echo(_printable(f"    {_because(app, name)}"))


def _because(app: Cocopot, name: str) -> str:
    key = "HEADERS_CSP" if name.startswith("Content-Security-Policy") else _KEYS.get(name)
    return "the view, or another plugin" if key is None else f"{key}, set by {app.config.origin(key)}"


def _reasons(app: Cocopot, state: State, recorder: _Recorder) -> Iterator[Reason]:
    """Yield what has demanded each source, in the order of the header."""
    request, policy = recorder.request, recorder.policy
    if request is None or not isinstance(policy, RecordingPolicy):
        return
    rule, configured = request.url_rule, parsed(app.config["HEADERS_CSP"])
    option = None if rule is None else rule.options["csp"]
    changed = option.changes if isinstance(option, RoutePolicy) else {}
    base = state.new_policy(True if option is None else option)
    before = {} if base is None else base.directives
    added = {(reason.directive, reason.source): reason for reason in reversed(policy.added)}
    for directive, sources in policy.directives.items():
        for source in sources or ("",):
            found = added.get((directive, source))
            if found is not None and source not in before.get(directive, ()):
                yield found
            elif changed.get(directive) is not None:
                yield Reason(directive, source, f"route option csp of {getattr(rule, 'rule', '')!r}", "")
            elif configured.get(directive) is not None:
                yield Reason(directive, source, "HEADERS_CSP", str(app.config.origin("HEADERS_CSP")))
            elif directive in before:
                yield Reason(directive, source, "the default policy", "")
            else:
                yield Reason(directive, source, "as in the directive that it replaces", "")


def _code(function: Any) -> object:
    return getattr(function, "__code__", None)


def _short(file: str) -> str:
    """Return a path relative to the working directory, if it is inside."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else file


def _printable(text: str) -> str:
    """Return a text with escapes for what a terminal would interpret."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
