from __future__ import annotations

import functools
import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from markupsafe import Markup

from cocopot import Blueprint, Cocopot, request, url_for
from cocopot.exceptions import BuildError, SecurityError
from cocopot.routing import Router, Rule

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("tests_of_urls", autoload=False)
    app.testing = True
    app.add_url_rule("/", "home", lambda: url_for(".home"))
    app.add_url_rule("/notes/<int:n>", "note", lambda n: "")
    app.add_url_rule("/read", "both", lambda: "", methods=["GET"])
    app.add_url_rule("/write", "both", methods=["POST"])
    return app


class TestUrlFor:
    @pytest.mark.parametrize(
        ("endpoint", "values", "url"),
        [
            ("home", {}, "/"),
            ("note", {"n": 3}, "/notes/3"),
            ("note", {"n": 3, "q": "a b", "many": [1, 2]}, "/notes/3?q=a+b&many=1&many=2"),
            ("home", {"_anchor": "top of ü"}, "/#top%20of%20%C3%BC"),
            ("home", {"q": "1", "_anchor": "x/y?z"}, "/?q=1#x/y?z"),
            ("home", {"_external": True}, "http://localhost/"),
            ("home", {"_scheme": "https"}, "https://localhost/"),
            ("home", {"_scheme": "https", "_external": True}, "https://localhost/"),
            ("home", {"_scheme": ""}, "//localhost/"),
            ("both", {"_method": "POST"}, "/write"),
            ("both", {"_method": "GET"}, "/read"),
            ("home", {"endpoint": "e", "app": "a", "self": "s"}, "/?endpoint=e&app=a&self=s"),
        ],
    )
    def test_values(self, app: Cocopot, endpoint: str, values: dict[str, Any], url: str) -> None:
        """A URL is built of the endpoint, its values, and what the underscored arguments ask for."""
        if "endpoint" in values:
            values = {key: value for key, value in values.items() if key != "endpoint"}
            url = url.replace("endpoint=e&", "")
        with app.test_request_context():
            assert url_for(endpoint, **values) == app.url_for(endpoint, **values) == url

    def test_scheme_not_external(self, app: Cocopot) -> None:
        """A scheme makes a URL external; to ask for both that and the opposite is a mistake."""
        with app.test_request_context(), pytest.raises(ValueError, match="remove _external=False"):
            url_for("home", _scheme="https", _external=False)

    def test_relative(self, app: Cocopot) -> None:
        """An endpoint that begins with a dot belongs to the blueprint of the request, if it has one."""
        outer = Blueprint("outer", __name__, url_prefix="/outer")
        inner = Blueprint("inner", __name__, url_prefix="/inner")
        for blueprint in (outer, inner):
            blueprint.add_url_rule("/", "home", lambda: url_for(".home"))
        outer.register_blueprint(inner)
        outer.add_url_rule("/in", "in", lambda: url_for(".inner.home"))
        app.register_blueprint(outer)
        client = app.test_client()
        assert [client.get(path).text for path in ("/", "/outer/", "/outer/inner/", "/outer/in")] == [
            "/",
            "/outer/",
            "/outer/inner/",
            "/outer/inner/",
        ]

    def test_root_path(self, app: Cocopot) -> None:
        """Under a path of the server, URLs begin with it."""
        with app.test_request_context(base_url="http://h.example/mount"):
            assert url_for("note", n=1) == "/mount/notes/1"
            assert url_for("home", _external=True) == "http://h.example/mount/"

    def test_outside(self, app: Cocopot) -> None:
        """Outside of a request URLs are external, made with SERVER_NAME and what belongs to it."""
        app.config.update(
            SERVER_NAME="h.example:8000", APPLICATION_ROOT="/mount", PREFERRED_URL_SCHEME="https"
        )
        with app.app_context():
            assert url_for("note", n=1) == "https://h.example:8000/mount/notes/1"
            assert url_for("note", n=1, _external=False) == "/mount/notes/1"
            assert url_for("home", _scheme="http") == "http://h.example:8000/mount/"
            assert url_for(".home") == url_for("home")
        assert app.url_for("home") == "https://h.example:8000/mount/"

    def test_no_server_name(self, app: Cocopot) -> None:
        """Without SERVER_NAME the error states what to configure; without an application, what to open."""
        with app.app_context(), pytest.raises(RuntimeError, match="only with SERVER_NAME configured"):
            url_for("home")
        with pytest.raises(RuntimeError, match="only with SERVER_NAME configured"):
            app.url_for("home")
        with pytest.raises(RuntimeError, match="outside of the application context"):
            url_for("home")

    def test_other_application(self, app: Cocopot) -> None:
        """The request of one application states nothing about the URLs of another."""
        other = Cocopot("other", autoload=False)
        other.config["SERVER_NAME"] = "other.example"
        other.add_url_rule("/x", "x")
        with app.test_request_context():
            assert other.url_for("x") == "http://other.example/x"

    def test_server_name_in_requests(self, app: Cocopot) -> None:
        """In a request too, an external URL is made with SERVER_NAME, not with what the client sent."""
        app.config["SERVER_NAME"] = "h.example"
        app.add_url_rule("/where", "where", lambda: url_for("home", _external=True))
        assert app.test_client().get("/where", base_url="http://other.example").text == "http://h.example/"

    def test_subdomain(self) -> None:
        """With subdomain matching, the URL of an endpoint in another subdomain is external."""
        app = Cocopot("sub", autoload=False, subdomain_matching=True)
        app.config["SERVER_NAME"] = "h.example"
        app.add_url_rule("/x", "x", lambda: url_for("y"), subdomain="a")
        app.add_url_rule("/y", "y", lambda: url_for("y"), subdomain="b")
        client = app.test_client()
        assert client.get("/x", subdomain="a").text == "http://b.h.example/y"
        assert client.get("/y", subdomain="b").text == "/y"

    def test_defaults(self, app: Cocopot) -> None:
        """URL-default functions may add values to every URL, the first registered first."""
        app.url_defaults(lambda endpoint, values: values.setdefault("n", 1))
        app.url_defaults(lambda endpoint, values: values.setdefault("n", 2))
        with app.test_request_context():
            assert (url_for("note"), url_for("note", n=5)) == ("/notes/1", "/notes/5")

    def test_defaults_of_a_blueprint_with_a_long_name(self, app: Cocopot) -> None:
        """The defaults of a blueprint apply, however long the name of the endpoint is."""
        inner, outer = Blueprint("i" * 300, __name__), Blueprint("o" * 100, __name__)
        inner.add_url_rule("/<int:n>", "view", lambda n: f"{n}")
        inner.url_defaults(lambda endpoint, values: values.setdefault("n", 2))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        with app.test_request_context():
            assert url_for(f"{outer.name}.{inner.name}.view") == "/2"


class TestPlainUrls:
    """URLs that are built without the adapter are those that the adapter builds."""

    @pytest.mark.parametrize("config", [{}, {"SERVER_NAME": "h.example"}])
    @pytest.mark.parametrize("root", ["", "/my app"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_they_are_the_adapters(self, config: dict[str, Any], root: str, method: str) -> None:
        """Whatever the rules, the values and the request, the URL is the adapter's, or both raise."""
        app = Cocopot(__name__, autoload=False, static_folder=None)
        app.config.update(config)
        for rule, endpoint, options in (
            ("/", "one", {}),
            ("/n/<int:n>", "one-variable", {}),
            ("/é/<int(max=9):n>/<path:p>", "two", {}),
            ("/several", "several", {"methods": ["POST"]}),
            ("/several/<n>", "several", {}),
            ("/pages", "pages", {"defaults": {"n": 1}}),
            ("/pages/<int:n>", "pages", {}),
            ("/api", "api", {"subdomain": "api"}),
            (
                "/socket",
                "socket",
                {"websocket": True, "methods": ["GET"], "provide_automatic_options": False},
            ),
        ):
            app.add_url_rule(rule, endpoint, **options)
        all_values: list[dict[str, Any]] = [
            *({}, {"n": 7}, {"n": None}, {"n": 10, "p": "a/é"}, {"n": 1, "p": "x", "q": [1, 2]}),
            *({"n": "x"}, {"q": "a b&c", "n": 1}, {"é": 1, "n": 2, "z": None}, {"n": 1, "p": None, "q": ""}),
            *({"n": 1, "q": ["a+b", "é~", None]}, {"n": "é b", "q": [1, "*"]}, {"n": 1, "q": []}),
            *({"n": 1, "q": ("a", 2)}, {"n": 1, "q": True, "r": Markup("&")}),
        ]
        app.view_functions["one"] = lambda: ""
        for base_url in (f"http://H.example:80{root}", f"https://h.example:8443{root}"):
            with app.test_request_context("/", base_url=base_url, method=method) as context:
                adapter = context.url_adapter
                assert adapter is not None
                for known, values in itertools.product(app.router.iter_rules(), all_values * 2):
                    for external, scheme in ((True, None), (False, None), (True, "https"), (True, "ws")):
                        build = partial(adapter.build, force_external=external, url_scheme=scheme)
                        expected = attempt(build, known.endpoint, values)
                        build = partial(url_for, _external=external, _scheme=scheme)
                        assert attempt(build, known.endpoint, **values) == expected, (known, values, scheme)

    @pytest.mark.parametrize("root", ["/app/", "/app//", "app", "/\xc3\xa9"])
    @pytest.mark.parametrize("external", [True, False])
    def test_script_names(self, app: Cocopot, root: str, external: bool) -> None:
        """Slashes at the end of the script name are those of the adapter."""
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}) as context:
            adapter = context.url_adapter
            assert adapter is not None
            expected = adapter.build("note", {"n": 1}, force_external=external)
            assert url_for("note", n=1, _external=external) == expected

    def test_an_external_url_of_a_host_that_is_not_trusted(self, app: Cocopot) -> None:
        """The host is checked again where a request has other trusted hosts than the application."""
        with app.test_request_context("/", base_url="http://h.example"):
            request.trusted_hosts = ["other.example"]
            with pytest.raises(SecurityError):
                url_for("home", _external=True)

    def test_a_rule_that_is_added(self, app: Cocopot) -> None:
        """A rule that is added later counts, also where a URL of its endpoint has been built."""
        router = Router([Rule("/x", endpoint="x")])
        assert router.build_path("x", {"n": 1}, None, "GET", "") == "/x?n=1"
        router.add(Rule("/x/<n>", endpoint="x"))
        assert router.build_path("x", {"n": 1}, None, "GET", "") == "/x/1"


def attempt(function: Callable[..., str], *args: Any, **kwargs: Any) -> str | type[Exception]:
    """Return the result, or the class of the exception."""
    try:
        return function(*args, **kwargs)
    except (BuildError, ValueError) as error:
        return type(error)


class TestBuildErrors:
    def test_unknown(self, app: Cocopot) -> None:
        """An unknown endpoint is an error that suggests one, and so is a missing value."""
        with app.test_request_context():
            with pytest.raises(BuildError, match=r"endpoint 'hom'.*Did you mean 'home'"):
                url_for("hom")
            with pytest.raises(BuildError, match=r"forget to specify values.*'n'"):
                url_for("note")

    def test_unknown_and_long(self, app: Cocopot) -> None:
        """Nothing takes the square of the length of an endpoint, which a client may choose."""
        with app.test_request_context("/"), pytest.raises(BuildError) as raised:
            url_for("./" * 100_000)
        assert "Did you mean" not in str(raised.value)

    def test_handler(self, app: Cocopot) -> None:
        """A build-error handler gets the error and all values, and may supply the URL."""
        seen: list[Any] = []

        @app.url_build_error_handler
        def supply(error: Exception, endpoint: str, values: dict[str, Any]) -> str:
            seen.append((str(type(error).__name__), endpoint, values))
            return f"/external/{endpoint}"

        app.url_build_error_handler(lambda error, endpoint, values: None)
        with app.test_request_context():
            assert url_for("elsewhere", q=1, _anchor="a", _method="PUT") == "/external/elsewhere"
        values = {"q": 1, "_anchor": "a", "_method": "PUT", "_scheme": None, "_external": False}
        assert seen == [("BuildError", "elsewhere", values)]

    def test_handler_raises(self, app: Cocopot) -> None:
        """What a build-error handler raises comes out instead; without a URL, the first error does."""
        app.url_build_error_handler(lambda error, endpoint, values: None)
        with app.test_request_context():
            with pytest.raises(BuildError, match="'missing'"):
                url_for("missing")
            app.url_build_error_handler(lambda error, endpoint, values: {}[endpoint])
            with pytest.raises(KeyError, match="missing"):
                url_for("missing")


class TestAddUrlRule:
    def test_methods_of_the_view(self, app: Cocopot) -> None:
        """A view may name its methods, those that it always wants, and whether OPTIONS is automatic."""

        def view() -> str:
            return request.method

        options: Any = view
        options.methods = ["POST"]
        options.required_methods = ["put"]
        options.provide_automatic_options = False
        app.add_url_rule("/v", view_func=view)
        client = app.test_client()
        assert [client.open("/v", method=name).status_code for name in ("POST", "PUT", "GET", "OPTIONS")] == [
            200,
            200,
            405,
            405,
        ]

    def test_automatic_options(self, app: Cocopot) -> None:
        """OPTIONS is answered automatically, unless the configuration or the rule states otherwise."""
        app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        app.add_url_rule("/no", "no", lambda: "")
        app.add_url_rule("/yes", "yes", lambda: "", provide_automatic_options=True)
        app.add_url_rule("/own", "own", lambda: request.method, methods=["options"])
        client = app.test_client()
        assert client.options("/no").status_code == 405
        assert client.options("/yes").allow.as_set() == {"get", "head", "options"}
        assert client.options("/own").text == "OPTIONS"

    @pytest.mark.parametrize(
        ("make", "name"),
        [
            (functools.partial(functools.partial, str, "x"), "partial"),
            (type("Callable", (), {"__call__": lambda self: "x"}), "Callable"),
        ],
    )
    def test_endpoint_of_objects(self, app: Cocopot, make: Callable[[], Any], name: str) -> None:
        """An object that can be called is a view; its class gives the endpoint, so a second one clashes."""
        app.add_url_rule("/x", view_func=make())
        assert app.test_client().get("/x").text == "x"
        other = Cocopot("other", autoload=False)
        other.add_url_rule("/x", view_func=make())
        with pytest.raises(ValueError, match=f"The endpoint '{name}' already has a function"):
            other.add_url_rule("/y", view_func=make())

    def test_clash(self, app: Cocopot) -> None:
        """A second function for an endpoint is refused by name; the same one may have more rules."""

        def note() -> str:
            return ""

        with pytest.raises(
            ValueError, match=r"'note' already has a function, .*; give .*\.note another name"
        ):
            app.add_url_rule("/other", view_func=note)
        app.add_url_rule("/other", "other", note)
        app.add_url_rule("/more", "other", note)
        assert app.test_client().get("/more").status_code == 200

    def test_no_endpoint(self, app: Cocopot) -> None:
        """A rule needs an endpoint or a function."""
        with pytest.raises(TypeError, match="endpoint, or a view function"):
            app.add_url_rule("/x")

    def test_methods_as_text(self, app: Cocopot) -> None:
        """Methods are a list; a single text is refused, with the list that was meant."""
        with pytest.raises(TypeError, match=r"methods=\['POST'\]"):
            app.add_url_rule("/x", "x", methods="POST")

    def test_unknown_converter(self, app: Cocopot) -> None:
        """An unknown converter is refused, with the rule and the names of those that there are."""
        with pytest.raises(
            LookupError, match=r"In the rule '/<nope:x>', .*Converters are: any, default, float"
        ):
            app.add_url_rule("/<nope:x>", "x")


class TestHostVariable:
    @pytest.fixture
    def host_app(self) -> Cocopot:
        app = Cocopot("shop", autoload=False, host_matching=True, static_folder=None)

        def page(host: str, number: int) -> str:
            return f"{number} {url_for('page', host=host, number=2, _external=True)}"

        app.add_url_rule("/page/", "page", page, host="<host>", defaults={"number": 1})
        app.add_url_rule("/page/<int:number>", "page", page, host="<host>")
        app.add_url_rule("/old", "page", page, host="<host>", defaults={"number": 1}, alias=True)
        return app

    @pytest.mark.parametrize("host", ["[::1]", "[::1]:8000", "a%20b", "shop.example:8000"])
    def test_is_built_as_it_was_matched(self, host_app: Cocopot, host: str) -> None:
        """The host of a request is not quoted as a path is: neither in URLs nor in redirects."""
        client = host_app.test_client()
        assert client.get("/page/", base_url=f"http://{host}").text == f"1 http://{host}/page/2"
        for path in ("/page/1", "/old"):
            response = client.get(path, base_url=f"http://{host}")
            assert (response.status_code, response.location) == (308, f"http://{host}/page/")

    def test_what_is_not_a_host_stays_quoted(self, host_app: Cocopot) -> None:
        """A value that is not a host cannot begin another part of the URL."""
        with host_app.test_request_context():
            url = url_for("page", host="a?b#[c", number=2, _external=True)
        assert url == "http://a%3Fb%23%5Bc/page/2"
