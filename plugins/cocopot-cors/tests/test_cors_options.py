"""A wrong configuration is refused at startup, with the key, the value and what to do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from cocopot_cors import CORS

from cocopot import PluginError
from cocopot.testing import make_app


def refusal(**config: Any) -> str:
    """Return the message of the error with which an application does not start."""
    app = make_app(CORS, config=config, static_folder=None)
    with pytest.raises(PluginError) as caught:
        app.start()
    assert not app.started
    assert (caught.value.plugin, caught.value.hook) == ("cors", "cocopot_startup")
    return str(caught.value)


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        ("https://shop.example/", "https://shop.example"),
        ("https://shop.example/path", "https://shop.example"),
        ("https://shop.example?query", "https://shop.example"),
        ("https://user@shop.example", "https://shop.example"),
        ("https://Shop.Example", "https://shop.example"),
        ("HTTP://shop.example:8080", "http://shop.example:8080"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://[::1]:80", "http://[::1]"),
        (" https://shop.example", "https://shop.example"),
        ("https://shop.exam\nple", "https://shop.example"),
    ],
)
def test_an_origin_that_browsers_never_send(origin: str, written: str) -> None:
    """An origin in another spelling than browsers use would never match; the right one is shown."""
    message = refusal(CORS_ORIGINS=["http://localhost", origin])
    assert f"CORS_ORIGINS has {origin!r}. Write the origin as browsers send it: {written!r}." in message


@pytest.mark.parametrize(
    "origin",
    [
        "shop.example",
        "localhost:3000",
        "//shop.example",
        "https://",
        "https://*.shop.example",
        "https://a.example, https://b.example",
        "https://shop.example:port",
        "https://[::1",
        "https://bücher.example",
        "file:///",
        "",
    ],
)
def test_what_is_no_origin(origin: str) -> None:
    """A text without scheme or host is an error, and the message shows an origin."""
    message = refusal(CORS_ORIGINS=origin)
    assert f"CORS_ORIGINS has {origin!r}" in message
    assert "'https://shop.example'" in message


@pytest.mark.parametrize("pattern", ["^https://(", re.compile(rb"https://.*")])
def test_bad_regular_expressions(pattern: Any) -> None:
    """An expression that does not compile, or that is bytes, is an error."""
    assert f"CORS_ORIGINS has {pattern!r}. " in refusal(CORS_ORIGINS=[pattern])
    assert f"CORS_RESOURCES has {pattern!r}. " in refusal(CORS_RESOURCES={pattern: {}})


def test_every_origin_and_others() -> None:
    """ "*" beside other origins is refused, since it is not clear what is meant."""
    assert "CORS_ORIGINS has '*'. '*' allows every origin" in refusal(CORS_ORIGINS=["*", "https://a.example"])


@pytest.mark.parametrize("origins", ["*", ["*"]])
def test_every_origin_with_credentials(origins: Any) -> None:
    """Credentials for every origin are an error, and the message names the explicit form."""
    message = refusal(CORS_ORIGINS=origins, CORS_SUPPORTS_CREDENTIALS=True)
    assert f"CORS_ORIGINS has {origins!r}. With CORS_SUPPORTS_CREDENTIALS, browsers reject '*'." in message
    assert "'^.*'" in message


def test_every_origin_with_credentials_in_a_resource() -> None:
    """The same is an error for a resource, which the message names."""
    message = refusal(CORS_RESOURCES={"/api": {"supports_credentials": True}})
    assert "CORS_ORIGINS of CORS_RESOURCES['/api'] has '*'" in message


def test_every_exposed_header_with_credentials() -> None:
    """With credentials, "*" would expose a header of that name only."""
    message = refusal(
        CORS_ORIGINS="null", CORS_SUPPORTS_CREDENTIALS=True, CORS_EXPOSE_HEADERS="*", CORS_METHODS="*"
    )
    assert "CORS_EXPOSE_HEADERS has '*'. " in message


@pytest.mark.parametrize("key", ["CORS_METHODS", "CORS_ALLOW_HEADERS", "CORS_EXPOSE_HEADERS"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [("GET POST", "GET POST"), (["X-A", "b@d"], "b@d"), (["*", "X-A"], "*"), ("", ""), ("A,", "")],
)
def test_names_that_are_no_tokens(key: str, value: Any, shown: str) -> None:
    """An invalid name of a method or a header is an error."""
    assert f"{key} has {shown!r}. This is not the name of a " in refusal(**{key: value})


@pytest.mark.parametrize("value", [-1, timedelta(microseconds=-1), 1.5, "600", True])
def test_bad_max_age(value: Any) -> None:
    """A time that is negative or not a whole number of seconds is an error."""
    assert f"CORS_MAX_AGE has {value!r}. Give a whole number of seconds" in refusal(CORS_MAX_AGE=value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("CORS_ORIGINS", None),
        ("CORS_ORIGINS", {"https://a.example": True}),
        ("CORS_METHODS", 7),
        ("CORS_ALLOW_HEADERS", None),
        ("CORS_EXPOSE_HEADERS", b"X-A"),
        ("CORS_SUPPORTS_CREDENTIALS", "yes"),
        ("CORS_ALLOW_PRIVATE_NETWORK", 1),
        ("CORS_RESOURCES", "/api"),
    ],
)
def test_wrong_types(key: str, value: Any) -> None:
    """A value of another type is an error, and the message names the type."""
    assert f"{key} has {value!r}. Give " in refusal(**{key: value})


@pytest.mark.parametrize("key", ["CORS_ORIGINS", "CORS_METHODS"])
def test_wrong_types_in_a_list(key: str) -> None:
    """An entry of another type is an error that shows it."""
    assert f"{key} has 7. Give " in refusal(**{key: ["GET", 7]})


def test_unknown_keys() -> None:
    """A misspelled key, for which the default would apply, is an error with the nearest name."""
    message = refusal(CORS_ORIGIN="https://shop.example")
    assert "there is no key CORS_ORIGIN (set by code " in message
    assert "Did you mean 'CORS_ORIGINS'?" in message
    assert "Did you mean" not in refusal(CORS_QQ=1)


def test_options_of_a_resource() -> None:
    """Options of a resource are checked like the application's, and are named with the resource."""
    where = "CORS_RESOURCES['/api']"
    assert f"{where} has None. Give a mapping" in refusal(CORS_RESOURCES={"/api": None})
    assert f"{where}['maxage'] has 5. " in refusal(CORS_RESOURCES={"/api": {"maxage": 5}})
    assert "Did you mean 'max_age'?" in refusal(CORS_RESOURCES={"/api": {"maxage": 5}})
    assert f"{where}['max_age'] has -5. " in refusal(CORS_RESOURCES={"/api": {"max_age": -5}})


@pytest.mark.parametrize("path", ["api", "", "*", 7, "/api/*", "/<name>", "/api?x", "/(a|b)", "/api$"])
def test_bad_paths(path: Any) -> None:
    """A path that does not begin with a slash, or looks like an expression, is an error."""
    assert f"CORS_RESOURCES has {path!r}. A path " in refusal(CORS_RESOURCES={path: {}})


def test_a_path_twice() -> None:
    """Two spellings of one path are an error."""
    assert "CORS_RESOURCES has '/api/'. The path occurs twice" in refusal(
        CORS_RESOURCES={"/api": {}, "/api/": {}}
    )


def test_the_plugin_is_named() -> None:
    """The error carries a note on the plugin and the hook, and the next request raises it again."""
    app = make_app(CORS, config={"CORS_MAX_AGE": -1}, static_folder=None)
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            app.test_client().get("/")
        assert "cocopot_startup" in "".join(caught.value.__notes__)
    app.config["CORS_MAX_AGE"] = 1
    assert app.test_client().get("/").status_code == 404
