"""The built-in implementation of the hook that calls the view."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import Blueprint, Cocopot, Response, hookimpl, request


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.testing = True
    return app


def nothing() -> Any:
    """Do not return anything."""


def test_view_gets_the_values_of_the_url(app: Cocopot) -> None:
    """The view is called with the values of the URL, as changed by preprocessors."""
    app.add_url_rule("/<int:a>/<b>", "view", lambda **values: values)

    @app.url_value_preprocessor
    def change(endpoint: str | None, values: dict[str, object] | None) -> None:
        assert values is not None
        values["c"] = values.pop("b")

    assert app.test_client().get("/1/two").json == {"a": 1, "c": "two"}


def test_routing_exception_comes_after_before_request(app: Cocopot) -> None:
    """What routing found wrong is raised when the view would be called, not before."""
    seen = []
    app.before_request(lambda: seen.append(request.path))
    assert app.test_client().get("/missing").status_code == 404
    assert seen == ["/missing"]


def test_plugin_answers_in_its_place(app: Cocopot) -> None:
    """A plugin that answers leaves the built-in implementation out, even for a path without a rule."""

    class Everything:
        @hookimpl
        def cocopot_dispatch_request(self) -> str | None:
            return "plugin" if request.path == "/missing" else None

    app.plugins.register(Everything(), "everything")
    app.add_url_rule("/", "index", lambda: "view")
    client = app.test_client()
    assert (client.get("/missing").text, client.get("/").text) == ("plugin", "view")


def test_no_function_for_the_endpoint(app: Cocopot) -> None:
    """An endpoint without a function is an error that names rule, endpoint and remedy."""
    shop = Blueprint("shop", __name__, url_prefix="/shop")
    shop.add_url_rule("/soon", "soon")
    app.register_blueprint(shop)
    with pytest.raises(LookupError, match=r"'/shop/soon'.*'shop\.soon'.*view_func="):
        app.test_client().get("/shop/soon")


def test_view_that_returns_none(app: Cocopot) -> None:
    """A view that returns nothing is named by its endpoint, in a blueprint too."""
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/", "nothing", nothing)
    app.register_blueprint(shop)
    with pytest.raises(TypeError, match=r"The view for 'shop\.nothing' returned None"):
        app.test_client().get("/")


@pytest.mark.parametrize("value", ["", b"", {}, []])
def test_empty_values_are_answers(app: Cocopot, value: Any) -> None:
    """What is false but not `None` is an answer."""
    app.add_url_rule("/", "index", lambda: value)
    assert app.test_client().get("/").status_code == 200


class TestOptions:
    def test_view_is_not_called(self, app: Cocopot) -> None:
        """OPTIONS is answered without the view, whose before-request functions run."""
        seen = []
        app.add_url_rule("/<n>", "view", lambda n: pytest.fail(f"called with {n}"))
        app.before_request(lambda: seen.append(request.view_args))
        response = app.test_client().options("/3")
        assert (response.status_code, set(response.allow)) == (200, {"GET", "HEAD", "OPTIONS"})
        assert seen == [{"n": "3"}]

    def test_methods_are_cached(self, app: Cocopot) -> None:
        """Of a rule without variables the methods are cached, once, however a client writes the path."""
        app.add_url_rule("/page", "page", lambda: "page", methods=["PUT"])
        app.add_url_rule("/<n>", "view", lambda n: "view", methods=["GET"])
        client = app.test_client()
        for path in ("/page", "/page", "/%70age"):
            assert set(client.options(path).allow) == {"GET", "HEAD", "PUT", "OPTIONS"}
        for path in ("/other", "/another"):
            assert set(client.options(path).allow) == {"GET", "HEAD", "OPTIONS"}
        assert len(app.router.table.allow) == 1

    @pytest.mark.parametrize("server_name", [None, "localhost"])
    @pytest.mark.parametrize("path", ["/items/7", "/items/new", "/a/b", "/a/b/c", "/\xe4", "/plain"])
    def test_methods_are_those_of_an_adapter(self, app: Cocopot, path: str, server_name: str | None) -> None:
        """The methods of a path are those that Werkzeug's adapter finds, with variables and without."""
        app.config["SERVER_NAME"] = server_name
        app.add_url_rule("/items/<int:number>", "item", nothing, methods=["GET", "PUT"])
        app.add_url_rule("/items/<name>", "named", nothing, methods=["GET", "DELETE"])
        app.add_url_rule("/a/<path:rest>", "rest", nothing, methods=["POST"])
        app.add_url_rule("/<name>", "name", nothing, methods=["PATCH"])
        app.add_url_rule("/plain", "plain", nothing)
        for _ in range(2):
            with app.test_request_context(path, method="OPTIONS") as context:
                adapter = app.create_url_adapter(context.request)
                expected = set() if adapter is None else set(adapter.allowed_methods())
            assert set(app.test_client().options(path).allow) == expected

    def test_without_a_rule(self, app: Cocopot) -> None:
        """OPTIONS for a path without a rule is a 404."""
        assert app.test_client().options("/missing").status_code == 404

    def test_response_class(self, app: Cocopot) -> None:
        """The answer is of the application's class."""

        class Mine(Response):
            default_mimetype = "text/x-mine"

        app.response_class = Mine
        app.add_url_rule("/", "index", lambda: "index")
        assert app.test_client().options("/").mimetype == "text/x-mine"

    def test_can_be_overridden(self) -> None:
        """The application's method makes the answer, so that a subclass can change it."""

        class Shop(Cocopot):
            def make_default_options_response(self) -> Response:
                response = super().make_default_options_response()
                response.headers["Accept-Patch"] = "application/json"
                return response

        app = Shop(__name__, autoload=False)
        app.add_url_rule("/", "index", lambda: "index", methods=["PATCH"])
        response = app.test_client().options("/")
        assert (set(response.allow), response.headers["Accept-Patch"]) == (
            {"PATCH", "OPTIONS"},
            "application/json",
        )
