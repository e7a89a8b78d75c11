"""Responses that redirect."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.utils import redirect as werkzeugs_redirect
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Cocopot, Response, redirect, url_for
from cocopot.redirects import redirect_response


class OwnResponse(Response):
    """A class of the application's own."""


@pytest.mark.parametrize("cls", [Response, OwnResponse, WerkzeugResponse])
@pytest.mark.parametrize(
    "location", ["/notes/7", "/a b?c=é", "//h/x", "https://h.example/?q=<a>&b", "", "#x"]
)
def test_the_location_is_that_of_werkzeug(cls: Any, location: str) -> None:
    """Whatever the class and the location, it is sent as Werkzeug sends it."""
    app = Cocopot(__name__, autoload=False)
    with app.test_request_context("/") as context:
        environ = context.existing_request.environ
        actual = redirect_response(location, 303, cls)
        expected = werkzeugs_redirect(location, 303, cls)
        assert type(actual) is cls
        assert actual.status == expected.status
        for name in ("Location", "Content-Type"):
            assert actual.get_wsgi_headers(environ)[name] == expected.get_wsgi_headers(environ)[name]


def test_the_link_is_escaped() -> None:
    """The body contains the location as text, whatever a client has put into it."""
    body = redirect("/<script>'\"&").get_data(as_text=True)
    assert '<a href="/&lt;script&gt;&#x27;&quot;&amp;">' in body


def test_a_slash_is_appended() -> None:
    """A path that lacks its slash is redirected, with the root, the host and the query of the request."""
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/é/<int:n>/", "note", lambda n: url_for("note", n=n + 1))
    client = app.test_client()
    response = client.get("/é/7?a=%20b", base_url="https://Shop.example:443/my app")
    assert response.status_code == 308
    assert response.location == "https://shop.example/my%20app/%C3%A9/7/?a=%20b"
    assert client.get("/é/7/", base_url="http://h/my app").text == "/my%20app/%C3%A9/8/"


@pytest.mark.parametrize("keyword", ["response_class", "Response"])
def test_the_class_of_the_response(keyword: str) -> None:
    """It is passed by the name that Cocopot has for it, or by Flask's, in a request and outside."""
    app = Cocopot(__name__, autoload=False)
    options: dict[str, Any] = {keyword: OwnResponse}
    assert type(redirect("/x", 303, **options)) is OwnResponse
    with app.test_request_context():
        assert type(redirect("/x", **options)) is OwnResponse
        assert type(redirect("/x")) is Response
