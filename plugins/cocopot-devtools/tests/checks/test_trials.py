from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.behaviour import make_app
from cocopot_devtools.checks.trials import SCENARIOS, ProbePlugin, RequestScenarios

if TYPE_CHECKING:
    from cocopot_devtools.checks.findings import Finding
    from tests.conftest import MakePlugin

HOOK = "@hookimpl\ndef {hook}({arguments}):\n    {body}"
#: Plugins with one fault each: the hook, its arguments, its body, the rule, and what the finding states.
FAULTY = {
    "request": (
        "cocopot_request_started",
        "",
        "1 / 0",
        "CP501",
        "With a request, cocopot_request_started raises ZeroDivisionError: division by zero",
    ),
    "result": (
        "cocopot_after_request",
        "",
        "return 'text'",
        "CP501",
        "ResultError: Plugin 'demo' (cocopot-demo 1.0.0) returned a 'str'",
    ),
    "exit": (
        "cocopot_before_request",
        "",
        "raise SystemExit(1)",
        "CP501",
        "cocopot_before_request raises SystemExit: 1",
    ),
    "form": (
        "cocopot_before_request",
        "request",
        "request.form['b'] if request.mimetype.endswith('form-urlencoded') else None",
        "",
        "",
    ),
    "form crash": (
        "cocopot_before_request",
        "request",
        "{}[request.form['a']] if request.form else None",
        "CP501",
        "With a form that is posted, cocopot_before_request raises KeyError: 'b'",
    ),
    "file": (
        "cocopot_after_request",
        "response",
        "response.get_data()",
        "CP501",
        "With a view that sends a file, cocopot_after_request raises RuntimeError",
    ),
    "stream": (
        "cocopot_after_request",
        "response",
        "len(response.response)",
        "CP501",
        "With a view that returns an iterator, cocopot_after_request raises TypeError",
    ),
    "route": (
        "cocopot_after_request",
        "request",
        "request.url_rule.rule",
        "CP502",
        "With a path that no route matches, cocopot_after_request raises AttributeError",
    ),
    "view raises": (
        "cocopot_teardown_request",
        "exc",
        "assert exc is None",
        "CP503",
        "With a view that raises, cocopot_teardown_request raises AssertionError",
    ),
    "other exception": (
        "cocopot_handle_exception",
        "exc",
        "return str(exc.code) if hasattr(exc, 'code') else {}[exc]",
        "CP503",
        "With a view that raises, cocopot_handle_exception raises KeyError",
    ),
    "bad input": (
        "cocopot_before_request",
        "request",
        "request.headers.get('Cookie', '').encode('ascii')",
        "CP505",
        "malformed headers, query and body, cocopot_before_request raises UnicodeEncodeError",
    ),
    "abort": ("cocopot_before_request", "", "abort(401)", "", ""),
    "bad json": (
        "cocopot_before_request",
        "request",
        "request.get_json() if request.is_json else None",
        "",
        "",
    ),
    "commands": (
        "cocopot_register_commands",
        "cli",
        "1 / 0",
        "CP507",
        "With the commands, cocopot_register_commands raises",
    ),
    "shell": ("cocopot_shell_context", "", "1 / 0", "CP507", "raises ZeroDivisionError"),
    "url": ("cocopot_url_defaults", "values", "1 / 0", "CP507", "raises ZeroDivisionError"),
    "json": (
        "cocopot_json_provider",
        "",
        "1 / 0",
        "CP501",
        "cocopot_json_provider raises ZeroDivisionError: division by zero",
    ),
    "shutdown": (
        "cocopot_shutdown",
        "",
        "1 / 0",
        "CP507",
        "With app.close(), cocopot_shutdown raises ZeroDivisionError",
    ),
    "context": (
        "cocopot_teardown_app_context",
        "",
        "__import__('cocopot').request.path",
        "CP507",
        "cocopot_teardown_app_context raises RuntimeError",
    ),
}
SKIPPED = """
    @hookimpl
    def {before}(request):
        request.demo_started = 1

    @hookimpl
    def {after}(request):
        request.demo_started
    """


def trial(made: MakePlugin, source: str) -> list[Finding]:
    subject = made(source)
    app = make_app(subject, ProbePlugin())
    app.start()
    RequestScenarios(subject, app).run()
    return subject.findings


@pytest.mark.parametrize("fault", FAULTY)
def test_faults(fault: str, subject: MakePlugin) -> None:
    """A hook that raises where it should not is reported once, by the request that showed it first."""
    hook, arguments, body, code, expected = FAULTY[fault]
    found = trial(subject, HOOK.format(hook=hook, arguments=arguments, body=body))
    assert {finding.code for finding in found} == ({code} if code else set())
    assert expected in (found[0].message if found else "")
    assert {finding.line for finding in found} <= {6, 0}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "cocopot_before_request",
            "cocopot_after_request",
            "With a request that an earlier plugin answers, cocopot_after_request raises AttributeError",
        ),
        (
            "cocopot_request_started",
            "cocopot_teardown_request",
            "With a request in which an earlier plugin raises, cocopot_teardown_request raises",
        ),
    ],
)
def test_a_hook_that_was_skipped(before: str, after: str, expected: str, subject: MakePlugin) -> None:
    """What relies on a hook before it, which others may keep from running, is found."""
    (finding,) = trial(subject, SKIPPED.format(before=before, after=after))
    assert (finding.code, finding.line) == ("CP504", 11)
    assert finding.message.startswith(expected)


@pytest.mark.parametrize("hook", ["cocopot_teardown_request", "cocopot_teardown_app_context"])
def test_a_wrapper_that_raises_in_a_teardown(hook: str, subject: MakePlugin) -> None:
    """A wrapper that raises before it yields is reported; the others run in spite of it."""
    source = f"@hookimpl(wrapper=True)\ndef {hook}(exc):\n    assert exc is None\n    return (yield)"
    found = trial(subject, source)
    assert [finding.code for finding in found] == ["CP503"]


def test_a_plugin_that_loses_the_others(subject: MakePlugin) -> None:
    """A plugin that unregisters another one keeps it from releasing what it holds."""
    source = """
        @hookimpl
        def cocopot_request_started(app):
            name = "!cocopot-check-plugin"
            if app.plugins.has_plugin(name):
                app.plugins.unregister(name=name)
        """
    found = trial(subject, source)
    assert {finding.code for finding in found} >= {"CP506"}
    assert "cocopot_teardown_request did not reach the other plugins." in found[0].message


def test_answers_that_nobody_explains(subject: MakePlugin) -> None:
    """A 500 where the application alone succeeds is a finding, also if nothing was raised."""
    found = trial(subject, "@hookimpl\ndef cocopot_before_request():\n    return 'out of order', 503")
    assert {finding.code for finding in found} == {"CP501"}
    assert found[0].message == "With a request, the answer is a 503."


def test_a_response_that_breaks_while_it_is_sent(subject: MakePlugin) -> None:
    """What a body raises when it is read concerns the plugin that made it."""
    source = """
        def broken():
            yield b""
            1 / 0

        @hookimpl
        def cocopot_after_request(response):
            response.direct_passthrough = False
            response.response = broken()
        """
    found = trial(subject, source)
    assert {finding.code for finding in found} == {"CP501"}
    assert found[0].message == "With a request, it raises ZeroDivisionError: division by zero"
    assert found[0].line == 7


def test_without_a_plugin_every_scenario_is_as_it_says(subject: MakePlugin) -> None:
    """The application alone answers each request as its scenario states."""
    made = subject("")
    app = make_app(made, ProbePlugin())
    app.logger.disabled = True
    client = app.test_client()
    statuses = {s.what: client.open(s.path, **s.options).status_code for s in SCENARIOS if s.succeeds}
    assert set(statuses.values()) == {200}
    others = {client.open(s.path, **s.options).status_code for s in SCENARIOS if not s.succeeds}
    app.logger.disabled = False
    assert others == {200, 404, 405, 500}
