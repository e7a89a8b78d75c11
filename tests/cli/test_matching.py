"""Which rule answers a URL, and why the others do not."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.routing import BaseConverter, ValidationError

from cocopot import Cocopot
from cocopot.cli.matching import explain


class EvenConverter(BaseConverter):
    """Takes even numbers."""

    def to_python(self, value: str) -> int:
        if not value.isdecimal() or int(value) % 2:
            raise ValidationError
        return int(value)


def make_app(*rules: str, **options: Any) -> Cocopot:
    """Return an application with rules, each with its own endpoint."""
    app = Cocopot("matching", autoload=False, static_folder=None, **options)
    app.router.converters["even"] = EvenConverter
    for rule in rules:
        app.add_url_rule(rule, rule)
    return app


def reasons(app: Cocopot, url: str, method: str = "GET") -> dict[str, str]:
    return {rule.rule: reason for rule, reason in explain(app, url, method).misses}


@pytest.mark.parametrize(
    ("rule", "path", "reason"),
    [
        ("/birds", "/fish", "has 'birds' where the path has 'fish'"),
        ("/birds", "/", "has 'birds' where the path ends"),
        ("/birds", "/birds/7", "ends where the path continues with '7'"),
        ("/birds", "/birds/", "has no slash at its end"),
        ("/", "/birds", "ends with a slash where the path has 'birds'"),
        ("/birds/<name>/eggs", "/birds/wren", "continues where the path ends"),
        ("/birds/<int:id>", "/birds/abc", "id (int) cannot be 'abc'"),
        ("/birds/<int:id>", "/birds/", "id (int) cannot be empty"),
        ("/birds/<int(max=5):id>", "/birds/6", "id (int) rejects '6'"),
        ("/birds/<even:id>", "/birds/3", "id (even) rejects '3'"),
        ("/<a>/<int:b>-<float:c>", "/x/1-2", "b (int) and c (float) cannot be '1-2'"),
        ("/files/<path:name>/raw", "/files/a/b", "name (path) cannot be 'a/b'"),
        ("/<any(wren, lark):bird>", "/owl", "bird (any) cannot be 'owl'"),
    ],
)
def test_reasons(rule: str, path: str, reason: str) -> None:
    """The first part that differs is named, with the converter and the text that it rejects."""
    app = make_app(rule)
    assert reasons(app, path) == {rule: reason}
    assert app.test_client().get(path).status_code == 404


def test_answer() -> None:
    """The result is the router's: the rule, and the values of its variables."""
    app = make_app("/birds/<int:id>")
    explanation = explain(app, "/birds/7?colour=red")
    assert explanation.rule is next(app.router.iter_rules())
    assert explanation.values == {"id": 7}
    assert (explanation.is_match, explanation.misses) == (True, [])


def test_two_slashes() -> None:
    """A path may begin with two slashes; the text after them is not a host."""
    explanation = explain(make_app("/birds"), "//birds")
    assert (explanation.path, explanation.host) == ("/birds", "localhost")
    assert explanation.is_match


def test_other_methods() -> None:
    """The reason of a rule for other methods lists them."""
    app = make_app("/birds")
    assert reasons(app, "/birds", "POST") == {"/birds": "is for other methods: GET, HEAD, OPTIONS"}


def test_shadowed() -> None:
    """The reason of a rule that another one precedes is that rule."""
    app = make_app("/<path:all>", "/birds/<name>", "/birds/wren")
    assert reasons(app, "birds/wren") == {
        "/<path:all>": "would match, but /birds/wren comes before it",
        "/birds/<name>": "would match, but /birds/wren comes before it",
    }


def test_slash_redirect() -> None:
    """A redirect is shown, with its target and the rule that causes it."""
    app = make_app("/birds/", "/birds//x")
    explanation = explain(app, "/birds")
    assert explanation.redirect is not None
    assert explanation.redirect.new_url == "http://localhost/birds/"
    assert explanation.target is not None
    assert explanation.target.rule is not None
    assert explanation.target.rule.endpoint == "/birds/"
    assert reasons(app, "/birds")["/birds/"] == "gives this redirect"


def test_redirect_of_another_rule() -> None:
    """The reason of a rule that would redirect if no other rule matched is the redirect."""
    app = make_app("/birds/", "/<name>")
    app.router.strict_slashes = True
    app.add_url_rule("/birds", "exact")
    assert (
        reasons(app, "/birds")["/birds/"]
        == "would redirect to http://localhost/birds/, but /birds comes before it"
    )


def test_default_redirect() -> None:
    """The reason of a rule that redirects to one with defaults contains the target."""
    app = make_app()
    app.add_url_rule("/page/", "page", defaults={"number": 1})
    app.add_url_rule("/page/<int:number>", "page")
    found = reasons(app, "/page/1")
    assert found["/page/<int:number>"] == "would match, but there is a redirect to http://localhost/page/"


def test_hosts() -> None:
    """Where rules belong to hosts, the host is named that a rule is for."""
    app = make_app(host_matching=True)
    app.add_url_rule("/", "api", host="api.example.com")
    app.add_url_rule("/", "tenant", host="<tenant>.example.org")
    explanation = explain(app, "http://api.example.com/")
    assert explanation.rule is not None
    assert explanation.rule.endpoint == "api"
    assert [reason for _, reason in explanation.misses] == ["tenant (default) cannot be 'api.example.com'"]
    assert reasons(app, "/")["/"].endswith("cannot be 'localhost'")


def test_subdomains() -> None:
    """Where rules belong to subdomains, likewise."""
    app = make_app(subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.com"
    app.add_url_rule("/", "api", subdomain="api")
    assert reasons(app, "http://www.example.com/") == {"/": "is for the subdomain 'api', not 'www'"}
    assert explain(app, "http://api.example.com/").is_match


def test_special_rules() -> None:
    """Rules that only build URLs or serve WebSockets have that reason."""
    app = make_app()
    app.add_url_rule("/built", "built", build_only=True)
    app.add_url_rule("/socket", "socket", websocket=True)
    assert reasons(app, "/built")["/built"] == "only builds URLs"
    assert reasons(app, "/socket")["/socket"] == "is for WebSocket requests"


def test_refused_request() -> None:
    """A request that is rejected before matching has no rule, whatever the rules are."""
    app = make_app("/birds")
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    explanation = explain(app, "http://elsewhere.test/birds")
    assert not explanation.is_match
    assert explanation.misses[0][1].startswith("would match, but the request is rejected: 400 Bad Request")


SEGMENTS = ["birds", "wren", "7", "-3", "2.5", "1-2", ""]
RULES = [
    "/",
    "/birds",
    "/birds/",
    "/birds/wren",
    "/birds/<name>",
    "/birds/<int:id>/",
    "/<name>/<float:weight>",
    "/<a>-<b>",
    "/<path:rest>",
    "/<path:rest>/wren/",
    "/birds/<even:id>",
]


@settings(deadline=None)
@given(
    rules=st.lists(st.sampled_from(RULES), unique=True, min_size=1),
    segments=st.lists(st.sampled_from(SEGMENTS), max_size=4),
    method=st.sampled_from(["GET", "POST"]),
)
def test_any_rules(rules: list[str], segments: list[str], method: str) -> None:
    """For any rules, the result is what the client gets, and every other rule has a valid reason."""
    app = make_app(*rules)
    for name in rules:
        app.view_functions[name] = lambda _text=name, **_: _text
    path = "/" + "/".join(segments).lstrip("/")
    explanation = explain(app, path, method)
    response = app.test_client().open(path, method=method)
    if explanation.rule is not None:
        assert response.text == explanation.rule.rule
    else:
        assert explanation.error is not None
        assert response.status_code == explanation.error.code
    for rule, reason in explanation.misses:
        alone = explain(make_app(rule.rule), path, method)
        assert reason != "does not match"
        assert reason.startswith(("would match", "would redirect", "gives this")) is alone.is_match


@pytest.mark.parametrize("url", ["http://[::1/", "http://x:abc/", "http://x:99999/", "/\ud800"])
def test_no_url(url: str) -> None:
    """An invalid URL is a usage error."""
    with pytest.raises(click.UsageError, match="is not a valid URL"):
        explain(Cocopot(__name__, autoload=False), url)


def test_a_host_that_is_not_trusted_or_not_valid(app: Cocopot) -> None:
    """Each rule has its reason too where the request is rejected for its host."""
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    for url, error in (
        ("http://evil.example/none", "SecurityError"),
        ("http://user@example.com/", "BadHost"),
    ):
        result = explain(app, url)
        assert type(result.error).__name__ == error
        assert all(reason for _, reason in result.misses)
