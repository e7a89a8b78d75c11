"""The configuration."""

from __future__ import annotations

import pytest
from cocopot_headers import SecurityHeaders

from cocopot import PluginError, testing

DAY = 86_400


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("CSP", "default-src *", "is not a mapping of directives"),
        ("CSP", {"image-src": ["*"]}, "Did you mean 'img-src'?"),
        ("CSP", {"img-src": 7}, "The sources of 'img-src' are 7"),
        ("CSP", {"img-src": ["a;b"]}, "'a;b' is not a source"),
        ("CSP", {"img-src": "self"}, "write it in single quotes"),
        ("CSP", {"img-src": "'none' data:"}, "'none' beside others"),
        ("CSP", {"script-src": ["'nonce-abc'"]}, "A nonce is never constant"),
        ("CSP_REPORT_ONLY", 1, "Give True or False."),
        ("CSP_REPORT", "reports", "Give a path"),
        ("CSP_REPORT", "//evil.example/", "Give a path"),
        ("CSP_REPORT", '/r"; x', "Give a path"),
        ("CSP_REPORT", "http://reports.example/", "an https URL"),
        ("FRAME_OPTIONS", "deny", "'DENY'"),
        ("NOSNIFF", None, "Give True or False."),
        ("REFERRER_POLICY", "strict", "strict-origin-when-cross-origin"),
        ("OPENER_POLICY", "none", "unsafe-none"),
        ("PERMISSIONS_POLICY", "camera=()\nX: y", "in ASCII"),
        ("PERMISSIONS_POLICY", {"camera": []}, "Give the value of the header"),
        ("HSTS", -1, "Give a number of seconds"),
        ("HSTS", True, "Give a number of seconds"),
        ("HSTS", "1 year", "Give a number of seconds"),
        ("HSTS_PRELOAD", True, "It needs HEADERS_HSTS_SUBDOMAINS"),
        ("HTTPS_REDIRECT", "yes", "or the port"),
        ("HTTPS_REDIRECT", 0, "or the port"),
        ("PROXIES", -1, "the number of proxies"),
        ("PROXIES", True, "the number of proxies"),
        ("PROXIES", {"for": 1}, "x_for, x_proto"),
        ("PROXIES", "10.0.0.0/8", "the number of proxies"),
    ],
)
def test_invalid_configuration(key: str, value: object, remedy: str) -> None:
    """It stops the application when it starts, with the key, the value, where it was set, and the cure."""
    app = testing.make_app(SecurityHeaders, config={f"HEADERS_{key}": value}, static_folder=None)
    with pytest.raises(PluginError) as caught:
        app.start()
    message = str(caught.value)
    assert f"HEADERS_{key} is {value!r} (set by code " in message
    assert remedy in message


@pytest.mark.parametrize(
    ("key", "cure"),
    [
        ("HEADERS_PROXY", "Did you mean 'HEADERS_PROXIES'?"),
        ("HEADERS_QQQQQQ", "The keys are: HEADERS_CSP, "),
    ],
)
def test_an_unknown_key(key: str, cure: str) -> None:
    """It stops the application when it starts, with where it was set, and the cure."""
    app = testing.make_app(SecurityHeaders, config={key: 1}, static_folder=None)
    with pytest.raises(PluginError, match=rf"there is no key {key} \(set by code ") as caught:
        app.start()
    assert cure in str(caught.value)


def test_a_preload_that_is_too_short() -> None:
    """Browsers require a year for their list."""
    config = {"HEADERS_HSTS": DAY, "HEADERS_HSTS_SUBDOMAINS": True, "HEADERS_HSTS_PRELOAD": True}
    app = testing.make_app(SecurityHeaders, config=config, static_folder=None)
    with pytest.raises(PluginError, match="31536000 seconds or more"):
        app.start()


def test_directives_of_the_configuration() -> None:
    """They replace those of the default policy; `None` removes one."""
    csp = {"default-src": ["'none'"], "img-src": "'self' data:", "style-src": None, "base-uri": None}
    app = testing.make_app(SecurityHeaders, config={"HEADERS_CSP": csp}, static_folder=None)
    assert app.test_client().get("/").headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'; img-src 'self' data:"
    )


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator can set a directive."""
    monkeypatch.setenv("COCOPOT_HEADERS_CSP", '{"img-src": "*"}')
    app = testing.make_app(SecurityHeaders, static_folder=None)
    app.config.from_prefixed_env()
    assert "; img-src *" in app.test_client().get("/").headers["Content-Security-Policy"]
