"""The decorators that application and blueprint share, and what only an application registers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, request, url_for
from cocopot.registry.tables import ScopedTable
from cocopot.views import MethodView

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@pytest.fixture
def app() -> Cocopot:
    return Cocopot(__name__, autoload=False)


def view() -> str:
    return request.method


def other() -> str:
    return "other"


def allowed(app: Cocopot, path: str = "/") -> set[str]:
    """Return the methods that a path answers with something other than a 405."""
    client = app.test_client()
    return {method for method in METHODS if client.open(path, method=method).status_code != 405}


class TestMethods:
    @pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
    def test_shortcuts(self, app: Cocopot, method: str) -> None:
        """Each shortcut allows its method, GET with HEAD, and OPTIONS."""
        assert getattr(app, method)("/")(view) is view
        expected = {method.upper(), "OPTIONS"} | ({"HEAD"} if method == "get" else set())
        assert allowed(app) == expected
        assert app.test_client().open("/", method=method.upper()).text == method.upper()

    @pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
    def test_shortcuts_take_no_methods(self, app: Cocopot, method: str) -> None:
        """A shortcut refuses a list of methods, and states what takes one."""
        with pytest.raises(TypeError, match=rf"{method}\(\) sets the method; use route\(\)"):
            getattr(app, method)("/", methods=["POST"])

    def test_get_by_default(self, app: Cocopot) -> None:
        """A route without methods answers GET, HEAD and OPTIONS."""
        app.route("/")(view)
        assert allowed(app) == {"GET", "HEAD", "OPTIONS"}

    def test_any_case(self, app: Cocopot) -> None:
        """Methods may be written in lower case."""
        app.route("/", methods=("post", "Put"))(view)
        assert allowed(app) == {"POST", "PUT", "OPTIONS"}

    def test_string(self, app: Cocopot) -> None:
        """A string in place of a list is refused, and the message shows the list."""
        with pytest.raises(TypeError, match=r"methods=\['POST'\]"):
            app.route("/", methods="POST")(view)

    def test_methods_of_the_view(self, app: Cocopot) -> None:
        """A view can carry its methods, and some that it always needs."""

        def upload() -> str:
            return request.method

        upload.methods = ["PUT"]  # type: ignore[attr-defined]
        upload.required_methods = ["DELETE"]  # type: ignore[attr-defined]
        app.route("/")(upload)
        app.route("/named", endpoint="named", methods=["POST"])(upload)
        assert allowed(app) == {"PUT", "DELETE", "OPTIONS"}
        assert allowed(app, "/named") == {"POST", "DELETE", "OPTIONS"}

    def test_head(self, app: Cocopot) -> None:
        """HEAD is answered as GET is, without the body."""
        app.get("/")(other)
        response = app.test_client().head("/")
        assert (response.status_code, response.data, response.content_length) == (200, b"", 5)

    def test_two_views_for_one_rule(self, app: Cocopot) -> None:
        """One rule may have a view for each method."""
        app.get("/", endpoint="read")(lambda: "read")
        app.post("/", endpoint="write")(lambda: "write")
        client = app.test_client()
        assert (client.get("/").text, client.post("/").text) == ("read", "write")
        response = client.put("/")
        assert response.status_code == 405
        assert set(response.allow) == {"GET", "HEAD", "POST", "OPTIONS"}


class TestOptions:
    def test_automatic(self, app: Cocopot) -> None:
        """OPTIONS names the methods of the URL, with an empty body."""
        app.route("/", methods=["GET", "POST"])(view)
        response = app.test_client().options("/")
        assert set(response.allow) == {"GET", "HEAD", "POST", "OPTIONS"}
        assert (response.status_code, response.data) == (200, b"")

    def test_all_rules_of_the_url(self, app: Cocopot) -> None:
        """The methods of other rules for the same URL are named too."""
        app.get("/", endpoint="read")(view)
        app.delete("/", endpoint="remove")(view)
        assert set(app.test_client().options("/").allow) == {"GET", "HEAD", "DELETE", "OPTIONS"}

    def test_own_view(self, app: Cocopot) -> None:
        """A view that lists OPTIONS answers it itself."""
        app.route("/", methods=["GET", "OPTIONS"])(view)
        assert app.test_client().options("/").text == "OPTIONS"

    def test_switched_off_for_a_rule(self, app: Cocopot) -> None:
        """A rule can do without it, which makes OPTIONS a 405."""
        app.route("/", provide_automatic_options=False)(view)
        response = app.test_client().options("/")
        assert response.status_code == 405
        assert set(response.allow) == {"GET", "HEAD"}

    def test_switched_off_for_a_view(self, app: Cocopot) -> None:
        """So can a view."""

        def plain() -> str:
            return "plain"

        plain.provide_automatic_options = False  # type: ignore[attr-defined]
        app.route("/")(plain)
        app.route("/on", endpoint="on", provide_automatic_options=True)(plain)
        assert "OPTIONS" not in allowed(app)
        assert "OPTIONS" in allowed(app, "/on")

    def test_switched_off_by_configuration(self, app: Cocopot) -> None:
        """So can a whole application, from the moment that it is configured."""
        app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        app.route("/")(view)
        app.route("/on", endpoint="on", provide_automatic_options=True)(view)
        assert "OPTIONS" not in allowed(app)
        assert "OPTIONS" in allowed(app, "/on")

    def test_switched_on_beside_the_method(self, app: Cocopot) -> None:
        """A rule that lists OPTIONS can ask for the automatic answer all the same."""
        app.route("/", methods=["GET", "OPTIONS"], provide_automatic_options=True)(view)
        assert set(app.test_client().options("/").allow) == {"GET", "HEAD", "OPTIONS"}

    def test_class_based_view(self, app: Cocopot) -> None:
        """A class with an `options` method answers by itself, one without does not need to."""

        class Plain(MethodView):
            def put(self) -> str:
                return "put"

        class Own(Plain):
            def options(self) -> str:
                return "own"

        app.add_url_rule("/", view_func=Plain.as_view("plain"))
        app.add_url_rule("/own", view_func=Own.as_view("own"))
        assert set(app.test_client().options("/").allow) == {"PUT", "OPTIONS"}
        assert app.test_client().options("/own").text == "own"


class TestEndpoints:
    def test_second_function(self, app: Cocopot) -> None:
        """A second function for an endpoint is refused, and both are named."""
        app.add_url_rule("/", "index", view)
        with pytest.raises(ValueError, match=rf"'index' .* {__name__}\.view; .* {__name__}\.other") as raised:
            app.add_url_rule("/other", "index", other)
        assert "endpoint=" in str(raised.value)
        assert app.test_client().get("/other").status_code == 404

    def test_second_callable(self, app: Cocopot) -> None:
        """The same for callables that are not functions."""
        app.add_url_rule("/", "index", functools.partial(view))
        with pytest.raises(ValueError, match="'index' already has a function"):
            app.add_url_rule("/other", "index", functools.partial(other))

    def test_same_function(self, app: Cocopot) -> None:
        """One function may answer several rules."""
        app.route("/a")(app.route("/b")(other))
        client = app.test_client()
        assert [client.get(path).text for path in ("/a", "/b")] == ["other", "other"]

    def test_same_method(self, app: Cocopot) -> None:
        """A bound method equals itself, although each access makes a new object."""

        class Views:
            def index(self) -> str:
                return "index"

        views = Views()
        app.add_url_rule("/a", view_func=views.index)
        app.add_url_rule("/b", view_func=views.index)
        assert app.test_client().get("/b").text == "index"

    def test_callable_without_a_name(self, app: Cocopot) -> None:
        """A callable object has the name of its class as endpoint."""

        class Hello:
            def __call__(self) -> str:
                return "hello"

        app.add_url_rule("/", view_func=Hello())
        assert app.test_client().get("/").text == "hello"
        assert "Hello" in app.view_functions

    def test_neither_endpoint_nor_view(self, app: Cocopot) -> None:
        """A rule needs one of them."""
        with pytest.raises(TypeError, match="needs an endpoint, or a view function"):
            app.add_url_rule("/")

    def test_endpoint_without_a_view(self, app: Cocopot) -> None:
        """A request for an endpoint that has no function is an error that names rule and endpoint."""
        app.testing = True
        app.add_url_rule("/soon", "soon")
        with pytest.raises(LookupError, match=r"'/soon' has the endpoint 'soon'.*@app\.endpoint\('soon'\)"):
            app.test_client().get("/soon")

    def test_unknown_converter(self, app: Cocopot) -> None:
        """An unknown converter is refused, and those that there are are named."""
        with pytest.raises(LookupError, match=r"'/<number:n>'.*number.*float, int, path"):
            app.add_url_rule("/<number:n>", view_func=view)

    def test_options_go_to_the_rule(self, app: Cocopot) -> None:
        """Other options are Werkzeug's."""
        app.add_url_rule("/a/", "a", other, strict_slashes=False)
        app.add_url_rule("/b", "b", lambda n: f"{n}", defaults={"n": 3})
        app.add_url_rule("/c", "c", redirect_to="/b")
        client = app.test_client()
        assert (client.get("/a").text, client.get("/b").text) == ("other", "3")
        assert client.get("/c").location == "http://localhost/b"

    def test_endpoint_of_a_blueprint(self, app: Cocopot) -> None:
        """`endpoint` works in a blueprint, without the blueprint's name."""
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/", "index")
        shop.endpoint("index")(other)
        app.register_blueprint(shop)
        assert app.test_client().get("/").text == "other"

    def test_view_functions_of_a_blueprint(self, app: Cocopot) -> None:
        """So does assigning to `view_functions`."""
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/", "index")
        shop.view_functions["index"] = other
        app.register_blueprint(shop)
        assert app.test_client().get("/").text == "other"


class TestTooLate:
    @pytest.mark.parametrize(
        ("register", "name"),
        [
            (lambda app: app.route("/late")(view), "add_url_rule"),
            (lambda app: app.get("/late")(view), "add_url_rule"),
            (lambda app: app.add_url_rule("/late", view_func=view), "add_url_rule"),
            (lambda app: app.endpoint("late")(view), "endpoint"),
            (lambda app: app.before_request(view), "before_request"),
            (lambda app: app.after_request(view), "after_request"),
            (lambda app: app.teardown_request(view), "teardown_request"),
            (lambda app: app.teardown_appcontext(view), "teardown_appcontext"),
            (lambda app: app.url_defaults(view), "url_defaults"),
            (lambda app: app.url_value_preprocessor(view), "url_value_preprocessor"),
            (lambda app: app.url_build_error_handler(view), "url_build_error_handler"),
            (lambda app: app.errorhandler(404)(view), "errorhandler"),
            (lambda app: app.register_error_handler(404, view), "errorhandler"),
            (lambda app: app.register_blueprint(Blueprint("late", __name__)), "register_blueprint"),
            (lambda app: app.on_startup(view), "on_startup"),
            (lambda app: app.on_shutdown(view), "on_shutdown"),
            (lambda app: app.shell_context_processor(view), "shell_context_processor"),
        ],
    )
    def test_after_the_first_request(
        self, app: Cocopot, register: Callable[[Cocopot], object], name: str
    ) -> None:
        """After the first request every registration is refused, and the message states where it belongs."""
        app.test_client().get("/")
        with pytest.raises(
            RuntimeError, match=rf"{name}\(\).*'{app.name}' after its first request"
        ) as raised:
            register(app)
        assert "cocopot_setup" in str(raised.value)

    def test_at_startup(self, app: Cocopot) -> None:
        """At startup it is not too late."""
        app.on_startup(lambda: app.add_url_rule("/", view_func=other))
        assert app.test_client().get("/").text == "other"


class TestBlueprints:
    def test_two_of_one_name(self, app: Cocopot) -> None:
        """A second blueprint of the same name is refused."""
        app.register_blueprint(Blueprint("shop", __name__))
        with pytest.raises(ValueError, match="'shop' is already registered for another blueprint"):
            app.register_blueprint(Blueprint("shop", __name__))

    def test_iter_blueprints(self, app: Cocopot) -> None:
        """They can be walked through in the order of registration."""
        blueprints = [Blueprint(name, __name__) for name in ("a", "b")]
        for blueprint in blueprints:
            app.register_blueprint(blueprint)
        assert list(app.iter_blueprints()) == blueprints


class TestURLFunctions:
    def test_language(self, app: Cocopot) -> None:
        """A preprocessor may take a value from the URL, and a URL default put it back."""
        seen = []

        @app.url_value_preprocessor
        def pull(endpoint: str | None, values: dict[str, Any] | None) -> None:
            seen.append((endpoint, values and values.pop("language")))

        @app.url_defaults
        def push(endpoint: str, values: dict[str, Any]) -> None:
            values.setdefault("language", "de")

        app.add_url_rule("/<language>/", "index", lambda: url_for("index"))
        client = app.test_client()
        assert client.get("/en/").text == "/de/"
        assert client.get("/a/b/c").status_code == 404
        assert seen == [("index", "en"), (None, None)]

    def test_build_error_handler(self, app: Cocopot) -> None:
        """A build-error handler supplies a URL; the last one that was registered is asked first."""
        app.url_build_error_handler(lambda *_: "/first")
        app.url_build_error_handler(
            lambda error, endpoint, values: f"/{values['n']}" if values["n"] else None
        )
        with app.test_request_context("/"):
            assert url_for("missing", n=3) == "/3"
            assert url_for("missing", n=0) == "/first"


class TestSnapshot:
    def test_takes_everything_back(self, app: Cocopot) -> None:
        """What is registered after a snapshot can be rolled back, and what was there before stays."""
        app.get("/kept")(other)
        app.errorhandler(404)(lambda _: ("kept", 404))
        restore = app.checkpoint()
        app.get("/lost")(view)
        app.errorhandler(404)(lambda _: "lost")
        app.before_request(lambda: "lost")
        app.register_blueprint(Blueprint("lost", __name__))
        app.config["LOST"] = app.extensions["lost"] = True
        restore()
        client = app.test_client()
        assert (client.get("/kept").text, client.get("/lost").text) == ("other", "kept")
        assert (app.blueprints, app.extensions, "LOST" in app.config) == ({}, {}, False)

    def test_nothing_to_take_back(self, app: Cocopot) -> None:
        """Without anything new the application stays as it is."""
        app.get("/")(other)
        app.before_request(lambda: None)
        before = app.plugins.records()
        app.checkpoint()()
        assert app.plugins.records() == before
        assert app.test_client().get("/").text == "other"


def test_assigning_to_a_registry_replaces_its_content() -> None:
    """A dict in place of a table of functions or error handlers becomes its content."""
    app = Cocopot("app_with_replaced_tables", autoload=False)
    app.before_request(lambda: "old")
    app.before_request_funcs = {None: [lambda: None]}  # type: ignore[assignment]  # becomes the content
    handlers = {None: {404: lambda _: ("replaced", 404)}}
    app.error_handler_spec = handlers  # type: ignore[assignment]  # likewise
    assert app.test_client().get("/nowhere").text == "replaced"
    names = [record.name for record in app.plugins.records("application")]
    assert [name.partition(":")[0] for name in names] == ["app.before_request", "app.errorhandler"]


def test_every_table_can_be_assigned() -> None:
    """Assigning to any of the tables replaces its content, on an application and on a blueprint."""
    for owner in (Cocopot("tables", autoload=False), Blueprint("tables", __name__)):
        tables = {name: value for name, value in vars(owner).items() if isinstance(value, ScopedTable)}
        assert len(tables) in {7, 12}
        for name, table in tables.items():
            setattr(owner, name, {})
            assert getattr(owner, name) is table
