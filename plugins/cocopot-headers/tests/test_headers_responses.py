"""The headers of responses: the nonce, routes, and what other plugins add."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cocopot_headers import Policy, SecurityHeaders
from cocopot_jinja import Jinja

from cocopot import (
    Blueprint,
    Cocopot,
    Request,
    Response,
    hookimpl,
    render_template_string,
    request,
    stream_template_string,
    stream_with_context,
    testing,
)
from cocopot.exceptions import blame_of

CSP = "Content-Security-Policy"
DEFAULT = (
    "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def make_app(*plugins: object, config: dict[str, object] | None = None, **options: Any) -> Cocopot:
    app = testing.make_app(
        SecurityHeaders, *plugins, config={"TESTING": False, **(config or {})}, static_folder=None, **options
    )
    app.logger.disabled = True
    app.add_url_rule("/", "index", lambda: "hello")
    app.add_url_rule("/nonce", "nonce", read_nonce)
    return app


def read_nonce() -> str:
    nonce: str = request.csp_nonce  # type: ignore[attr-defined]
    assert request.csp_nonce == nonce  # type: ignore[attr-defined]
    return nonce


@pytest.mark.parametrize("path", ["/", "/missing"])
def test_defaults(path: str) -> None:
    """Each response has them, that to an error too."""
    headers = make_app().test_client().get(path).headers
    assert headers[CSP] == DEFAULT
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"].startswith("camera=(), ")
    assert "Strict-Transport-Security" not in headers


def test_everything_can_be_off() -> None:
    """`None` or `False` turns a header off."""
    keys = ["CSP", "FRAME_OPTIONS", "REFERRER_POLICY", "OPENER_POLICY", "PERMISSIONS_POLICY"]
    config: dict[str, object] = {f"HEADERS_{key}": None for key in keys}
    headers = make_app(config={**config, "HEADERS_NOSNIFF": False}).test_client().get("/").headers
    assert {name for name, _ in headers} == {"Content-Type", "Content-Length"}


@pytest.mark.parametrize("name", [CSP, CSP.lower(), "X-Frame-Options", "Referrer-Policy"])
@pytest.mark.parametrize("path", ["/own", "/own?nonce"])
def test_headers_of_the_view(name: str, path: str) -> None:
    """A header that the view has set is not replaced, and the others are added."""
    app = make_app()

    @app.get("/own")
    def own() -> tuple[str, dict[str, str]]:
        return read_nonce() if "nonce" in request.args else "", {name: "own"}

    headers = app.test_client().get(path).headers
    assert headers.getlist(name) == ["own"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert {CSP, "X-Frame-Options", "Referrer-Policy"} <= set(headers.keys()) | {name, CSP}


# -- the nonce ---------------------------------------------------------------


def test_a_nonce_that_is_read() -> None:
    """It is in the header, of 128 bits, and another one for each request."""
    client = make_app().test_client()
    first, second = client.get("/nonce"), client.get("/nonce")
    assert re.fullmatch(r"[\w-]{22}", first.text)
    assert first.text != second.text
    assert f"script-src 'self' 'nonce-{first.text}' 'strict-dynamic'; " in first.headers[CSP]
    assert f"style-src 'self' 'nonce-{first.text}'; " in first.headers[CSP]


def test_a_streamed_page() -> None:
    """It can read the nonce after the headers are sent, and scripts without it run as well."""
    app = make_app()
    app.add_url_rule("/s", "s", lambda: stream_with_context(read_nonce() for _ in range(1)))
    response = app.test_client().get("/s")
    assert f"script-src 'self' 'nonce-{response.text}'; " in response.headers[CSP]


def test_templates() -> None:
    """`csp_nonce()` of cocopot-jinja is the same nonce, also in a template that is streamed."""
    app = make_app(Jinja)
    source = "{{ csp_nonce() }}"
    app.add_url_rule("/t", "t", lambda: render_template_string(source))
    app.add_url_rule("/s", "s", lambda: stream_template_string(source))
    for path in ("/t", "/s"):
        response = app.test_client().get(path)
        assert f"'nonce-{response.text}'" in response.headers[CSP]


def test_a_streamed_page_that_reads_it_before() -> None:
    """It has the same policy as one that is not streamed."""
    app = make_app()

    @app.get("/s")
    def stream() -> Any:
        nonce = read_nonce()
        return iter([nonce])

    response = app.test_client().get("/s")
    assert f"'nonce-{response.text}' 'strict-dynamic'" in response.headers[CSP]


def test_another_stream() -> None:
    """It gets no nonce, and reading one is an error that names the cure."""
    app = make_app(config={"TESTING": True})
    stream = lambda: Response(stream_with_context(read_nonce() for _ in "a"), mimetype="text/csv")  # noqa: E731
    app.add_url_rule("/s", "s", stream)
    with pytest.raises(RuntimeError, match="read it in the view"):
        app.test_client().get("/s").get_data()


def test_a_nonce_without_a_policy() -> None:
    """It can be read, so that a template works in both cases."""
    response = make_app(config={"HEADERS_CSP": None}).test_client().get("/nonce")
    assert len(response.text) == 22
    assert CSP not in response.headers


# -- routes ------------------------------------------------------------------


def test_route_options() -> None:
    """A mapping replaces directives, and `False` removes the policy; blueprints have defaults."""
    app = make_app()
    widgets = Blueprint(
        "widgets", __name__, route_options={"csp": {"frame-ancestors": "https://a.example *"}}
    )
    widgets.add_url_rule("/widget", "widget", lambda: "")
    widgets.add_url_rule("/own", "own", lambda: "", csp={"frame-ancestors": ["'self'"], "base-uri": None})
    app.add_url_rule("/off", "off", lambda: "", csp=False)
    app.register_blueprint(widgets)
    client = app.test_client()
    widget, own, off = (client.get(path).headers for path in ("/widget", "/own", "/off"))
    assert widget[CSP] == DEFAULT.replace("ancestors 'none'", "ancestors https://a.example *")
    assert "X-Frame-Options" not in widget
    assert own[CSP] == DEFAULT.replace(" base-uri 'none';", "").replace(
        "ancestors 'none'", "ancestors 'self'"
    )
    assert own["X-Frame-Options"] == "SAMEORIGIN"
    assert CSP not in off
    assert off["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "value", [{"image-src": "*"}, {"img-src": ["a;b"]}, "img-src *", None, 7, {"img-src": 7}]
)
def test_invalid_route_options(value: object) -> None:
    """They are errors where the route is added."""
    app = make_app()
    with pytest.raises(ValueError, match="The route option csp"):
        app.add_url_rule("/x", "x", lambda: "", csp=value)


# -- other plugins -----------------------------------------------------------


class Maps:
    """Adds sources, for requests with an argument."""

    def __init__(self, *sources: str, plugin_name: str = "maps") -> None:
        self.sources = sources
        self.plugin_name = plugin_name

    @hookimpl
    def headers_csp(self, request: Request, policy: Policy) -> None:
        if "bare" not in request.args:
            policy.add("img-src", *self.sources)


def test_plugins_add_sources() -> None:
    """The policy is the sum of what all plugins add to that of the application, for each response."""
    app = make_app(Maps("https://a.example"), Maps("data:", "https://a.example", plugin_name="more"))
    client = app.test_client()
    assert client.get("/").headers[CSP] == f"{DEFAULT}; img-src 'self' https://a.example data:"
    assert client.get("/?bare").headers[CSP] == DEFAULT
    assert f"'nonce-{(response := client.get('/nonce')).text}'" in response.headers[CSP]


def test_a_plugin_that_is_registered_late() -> None:
    """It adds to the next response."""
    app = make_app()
    client = app.test_client()
    assert client.get("/").headers[CSP] == DEFAULT
    app.plugins.register(Maps("data:"))
    assert client.get("/").headers[CSP] == f"{DEFAULT}; img-src 'self' data:"


def test_a_plugin_with_an_invalid_source() -> None:
    """The error names it; the response to the error has the policy without additions."""
    app = make_app(Maps("https://a.example; script-src *"), config={"TESTING": True})
    with pytest.raises(ValueError, match="is not a source") as caught:
        app.test_client().get("/")
    assert ("maps", "headers_csp") in {(blame.plugin, blame.hook) for blame in blame_of(caught.value)}
    response = make_app(Maps("a;b")).test_client().get("/")
    assert (response.status_code, response.headers[CSP]) == (500, DEFAULT)


def test_a_plugin_that_breaks_a_response() -> None:
    """The response to that error has the headers, too."""

    class Broken:
        @hookimpl
        def cocopot_after_request(self) -> None:
            raise LookupError("broken")

    response = make_app(Broken).test_client().get("/")
    assert (response.status_code, response.headers[CSP]) == (500, DEFAULT)


def test_report_only() -> None:
    """The policy has another header; `X-Frame-Options` does not enforce more than it did."""
    headers = make_app(config={"HEADERS_CSP_REPORT_ONLY": True}).test_client().get("/").headers
    assert headers[f"{CSP}-Report-Only"] == DEFAULT
    assert CSP not in headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
