"""The application object: its settings, its start and end, and where it is mounted."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from cocopot import Blueprint, Cocopot, Config, current_app, g, hookimpl, request, url_for
from cocopot.routing import Rule
from tests.processes import run_script

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.name = f"app.{request.node.name}"
    app.add_url_rule("/", view_func=index)
    return app


@pytest.fixture
def calls() -> list[str]:
    return []


def index() -> str:
    return "index"


def where() -> dict[str, str]:
    """Answer with what a request states about where the application is mounted."""
    return {"root": request.script_root, "path": request.path, "url": url_for("where")}


class TestSettings:
    @pytest.mark.parametrize(
        ("attribute", "key", "value"),
        [("debug", "DEBUG", True), ("testing", "TESTING", True), ("secret_key", "SECRET_KEY", b"secret")],
    )
    def test_attribute_is_the_configuration(
        self, app: Cocopot, attribute: str, key: str, value: object
    ) -> None:
        """These attributes are keys of the configuration, whichever of the two is set."""
        setattr(app, attribute, value)
        assert app.config[key] == value
        app.config[key] = None
        assert not getattr(app, attribute)

    @pytest.mark.parametrize(
        ("value", "debug"),
        [("1", True), ("true", True), (" yes ", True), ("on", True), ("", False), ("0", False)]
        + [(text, False) for text in ("false", "False", "no", "OFF", " 0 ")],
    )
    def test_debug_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, value: str, debug: bool
    ) -> None:
        """COCOPOT_DEBUG states whether debug mode is on at first."""
        monkeypatch.setenv("COCOPOT_DEBUG", value)
        assert Cocopot(__name__, autoload=False).debug is debug

    def test_config_class(self) -> None:
        """A subclass may have its own configuration class."""

        class ShopConfig(Config):
            @property
            def size(self) -> int:
                return int(self["SIZE"])

        class Shop(Cocopot):
            config_class = ShopConfig

        app = Shop(__name__, autoload=False)
        app.config["SIZE"] = "3"
        assert isinstance(app.config, ShopConfig)
        assert app.config.size == 3

    def test_url_rule_class(self) -> None:
        """A subclass may have its own rule class."""

        class ShopRule(Rule):
            pass

        class Shop(Cocopot):
            url_rule_class = ShopRule

        app = Shop(__name__, autoload=False)
        app.add_url_rule("/", "index", lambda: type(request.url_rule).__name__)
        assert app.test_client().get("/").text == "ShopRule"

    def test_converters(self, app: Cocopot) -> None:
        """The router takes converters of one's own."""
        base = app.router.converters["default"]
        app.router.converters["upper"] = type("Upper", (base,), {"to_python": lambda _, value: value.upper()})
        app.add_url_rule("/shout/<upper:word>", "shout", lambda word: f"{word}")
        assert app.test_client().get("/shout/hello").text == "HELLO"

    @pytest.mark.parametrize(
        ("value", "seconds"), [(None, None), (60, 60), (timedelta(minutes=2), 120)], ids=str
    )
    def test_age_of_files(self, app: Cocopot, value: object, seconds: int | None) -> None:
        """SEND_FILE_MAX_AGE_DEFAULT is a number of seconds, or a time."""
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = value
        assert app.get_send_file_max_age("file.txt") == seconds


class TestInstanceFolder:
    def test_must_be_absolute(self) -> None:
        """A relative path for it is refused."""
        with pytest.raises(ValueError, match="must be absolute, not 'instance'"):
            Cocopot(__name__, instance_path="instance", autoload=False)

    def test_beside_the_file(self, tmp_path: Path) -> None:
        """By default it is beside the file that is run."""
        text = "from cocopot import Cocopot\nprint(Cocopot(autoload=False).instance_path)\n"
        assert run_script(tmp_path / "bakery.py", text).stdout.strip() == str(tmp_path / "instance")

    @pytest.mark.parametrize(("relative", "size"), [(True, 2), (False, 1)])
    def test_configuration(self, tmp_path: Path, relative: bool, size: int) -> None:
        """Configuration files are relative to it, if that is configured, else to the root path."""
        (tmp_path / "instance").mkdir()
        (tmp_path / "settings.py").write_text("SIZE = 1\n")
        (tmp_path / "instance" / "settings.py").write_text("SIZE = 2\n")
        app = Cocopot(
            __name__,
            root_path=str(tmp_path),
            instance_path=str(tmp_path / "instance"),
            instance_relative_config=relative,
            autoload=False,
        )
        app.config.from_pyfile("settings.py")
        assert app.config["SIZE"] == size

    def test_open_instance_resource(self, tmp_path: Path) -> None:
        """Files of it can be read and written, as bytes or text."""
        app = Cocopot(__name__, instance_path=str(tmp_path), autoload=False)
        with app.open_instance_resource("note.txt", "w") as file:
            file.write("caf\xe9")
        with app.open_instance_resource("note.txt") as file:
            assert file.read() == b"caf\xc3\xa9"
        with app.open_instance_resource("note.txt", "r", encoding="latin-1") as file:
            assert file.read() == "caf\xc3\xa9"


class TestSeveralApplications:
    def test_share_nothing(self) -> None:
        """Two applications in one process have their own routes, functions, configuration and plugins."""
        one, two = (Cocopot(__name__, autoload=False) for _ in range(2))
        one.add_url_rule("/", "index", lambda: "one")
        one.before_request(lambda: None)
        one.config["SIZE"] = 1
        one.extensions["shop"] = object()
        assert two.test_client().get("/").status_code == 404
        assert two.before_request_funcs == {}
        assert (two.config.get("SIZE"), two.extensions) == (None, {})
        assert two.plugins.records("application") == []

    def test_one_inside_the_other(self) -> None:
        """A request to one may send a request to the other, each with its own context."""
        inner, outer = Cocopot("inner", autoload=False), Cocopot("outer", autoload=False)
        inner.add_url_rule("/", "index", lambda: f"{current_app.name} {g.get('name')}")

        def index() -> str:
            g.name = "mine"
            return f"{inner.test_client().get('/').text}, {current_app.name} {g.name}"

        outer.add_url_rule("/", view_func=index)
        assert outer.test_client().get("/").text == "inner None, outer mine"

    def test_side_by_side(self) -> None:
        """Two applications may be mounted side by side."""
        apps = {}
        for name in ("one", "two"):
            app = apps[name] = Cocopot(name, autoload=False)
            app.add_url_rule("/", "where", lambda: where() | {"name": current_app.name})
        client = Client(DispatcherMiddleware(apps["one"], {"/two": apps["two"]}))
        assert client.get("/").json == {"root": "", "path": "/", "url": "/", "name": "one"}
        assert client.get("/two/").json == {"root": "/two", "path": "/", "url": "/two/", "name": "two"}


class TestMounting:
    def test_script_name(self, app: Cocopot) -> None:
        """URLs begin with the path under which the server has mounted the application."""
        app.add_url_rule("/where", view_func=where)
        response = app.test_client().get("/where", base_url="http://localhost/shop")
        assert response.json == {"root": "/shop", "path": "/where", "url": "/shop/where"}

    def test_redirects(self, app: Cocopot) -> None:
        """So do redirects of the router."""
        app.add_url_rule("/items/", "items", index)
        response = app.test_client().get("/items?page=2", base_url="http://localhost/shop")
        assert response.location == "http://localhost/shop/items/?page=2"

    def test_application_root(self, app: Cocopot) -> None:
        """APPLICATION_ROOT and PREFERRED_URL_SCHEME serve outside of requests, and the test client."""
        app.config.update(SERVER_NAME="shop.example", APPLICATION_ROOT="/shop", PREFERRED_URL_SCHEME="https")
        app.add_url_rule("/where", view_func=where)
        with app.app_context():
            assert url_for("where") == "https://shop.example/shop/where"
        assert app.test_client().get("/where").json == {
            "root": "/shop",
            "path": "/where",
            "url": "/shop/where",
        }

    def test_outside_of_a_request(self, app: Cocopot) -> None:
        """Without SERVER_NAME no URL can be built outside of a request, and the message states so."""
        with app.app_context(), pytest.raises(RuntimeError, match="only with SERVER_NAME"):
            url_for("index")


class TestHosts:
    @pytest.fixture
    def shop(self) -> Cocopot:
        app = Cocopot(__name__, subdomain_matching=True, static_folder=None, autoload=False)
        app.config["SERVER_NAME"] = "shop.example:8080"
        app.add_url_rule("/", "index", lambda: "main")
        app.add_url_rule("/", "admin", lambda: "admin", subdomain="admin")
        app.add_url_rule("/", "user", lambda user: f"{user}", subdomain="<user>")
        blueprint = Blueprint("api", __name__, subdomain="api")
        blueprint.add_url_rule("/", "index", lambda: url_for("admin"))
        app.register_blueprint(blueprint)
        return app

    @pytest.mark.parametrize(
        ("subdomain", "text"),
        [(None, "main"), ("admin", "admin"), ("ada", "ada"), ("api", "http://admin.shop.example:8080/")],
    )
    def test_subdomains(self, shop: Cocopot, subdomain: str | None, text: str) -> None:
        """With subdomain matching, a rule is for its subdomain of SERVER_NAME, also in a blueprint."""
        assert shop.test_client().get("/", subdomain=subdomain).text == text

    def test_subdomains_without_matching(self, app: Cocopot) -> None:
        """Without it, SERVER_NAME restricts no request."""
        app.config["SERVER_NAME"] = "shop.example"
        assert app.test_client().get("/", base_url="http://elsewhere.example").text == "index"

    def test_server_name_before_the_host_header(self, app: Cocopot) -> None:
        """With SERVER_NAME, neither URLs nor redirects are built from the Host header."""
        app.config["SERVER_NAME"] = "shop.example"
        app.add_url_rule("/link", "link", lambda: url_for("index", _external=True))
        app.add_url_rule("/items/", "items", index)
        client = app.test_client()
        evil = "http://evil.example:81"
        assert client.get("/link", base_url=evil).text == "http://shop.example/"
        assert client.get("/items", base_url=evil).location == "http://shop.example/items/"

    def test_server_name_with_host_matching(self) -> None:
        """SERVER_NAME does not prevent host matching."""
        app = Cocopot(
            __name__, host_matching=True, subdomain_matching=True, static_folder=None, autoload=False
        )
        app.config["SERVER_NAME"] = "shop.example"
        app.add_url_rule("/", "index", lambda: url_for("index"), host="a.example")
        assert app.test_client().get("/", base_url="http://a.example").text == "/"

    def test_hosts(self) -> None:
        """With host matching, a rule is for its host."""
        app = Cocopot(__name__, host_matching=True, static_folder=None, autoload=False)
        for host in ("a.example", "b.example:8080", "<sub>.c.example"):
            app.add_url_rule("/", host, lambda sub=host: f"{sub}", host=host)
        client = app.test_client()
        assert client.get("/", base_url="http://a.example").text == "a.example"
        assert client.get("/", base_url="http://b.example:8080").text == "b.example:8080"
        assert client.get("/", base_url="http://x.c.example").text == "x"
        assert client.get("/", base_url="http://d.example").status_code == 404


class TestPlugins:
    def test_names(self, app: Cocopot) -> None:
        """Application functions are listed beside plugins and built-in defaults in every list, by name."""

        class Counter:
            @hookimpl
            def cocopot_before_request(self) -> None: ...

        app.plugins.register(Counter(), "counter")
        app.before_request(index)
        order = [impl.plugin_name for impl in app.plugins.call_order("cocopot_before_request")]
        assert order == ["counter", f"app.before_request: {__name__}.index"]
        builtins = [record.name for record in app.plugins.records("builtin")]
        assert "builtin.dispatch" in builtins

    def test_shell_context(self, calls: list[str]) -> None:
        """The shell gets the names of plugins and functions; the application's win."""

        class Names:
            @hookimpl
            def cocopot_shell_context(self) -> dict[str, int]:
                return {"a": 1, "b": 1, "app": 1}

        app = Cocopot(__name__, autoload=False, plugins=[Names()])
        app.shell_context_processor(lambda: {"b": 2, "c": 2})
        names = app.make_shell_context()
        assert {key: names[key] for key in "abc"} == {"a": 1, "b": 2, "c": 2}

    def test_shell_context_without_anything(self, app: Cocopot) -> None:
        """The shell always gets the application."""
        assert app.make_shell_context() == {"app": app, "g": g}

    def test_commands(self, calls: list[str]) -> None:
        """Plugins add commands to the application's group."""

        class Commands:
            @hookimpl
            def cocopot_register_commands(self, app: Cocopot, cli: click.Group) -> None:
                cli.command("hello")(lambda: click.echo(f"hello from {app.name}"))

        app = Cocopot("shop", autoload=False, plugins=[Commands()])
        result = app.test_cli_runner().invoke(args=["hello"])
        assert (result.exit_code, result.output) == (0, "hello from shop\n")


class TestServer:
    def test_environ_without_extras(self, app: Cocopot) -> None:
        """The least that a server may pass is enough (PEP 3333)."""
        started: list[Any] = []
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

        def start_response(*args: Any) -> Any:
            started.append(args)

        body = app(environ, start_response)
        assert b"".join(body) == b"index"
        assert started[0][0] == "200 OK"

    def test_environ_is_left_alone(self, app: Cocopot) -> None:
        """A request leaves no trace of itself in the environment."""
        with app.test_request_context("/") as context:
            assert context.request is not None
            environ = context.request.environ
        before = set(environ)
        app(environ, lambda *_: lambda _: None)
        assert set(environ) == before

    def test_many_threads(self, app: Cocopot) -> None:
        """Requests in several threads do not see each other."""
        app.add_url_rule("/<int:n>", "number", lambda n: f"{n} {request.path} {g.setdefault('n', n)}")
        answers: dict[int, str] = {}

        def send(n: int) -> None:
            answers[n] = app.test_client().get(f"/{n}").text

        threads = [threading.Thread(target=send, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == {n: f"{n} /{n} {n}" for n in range(16)}


def test_request_context_of_an_environ(app: Cocopot) -> None:
    """A request context from a WSGI environment: the URL has been matched, no hook has run."""
    make: Callable[..., Any] = app.test_request_context
    with make("/?a=1", method="POST", headers={"X-Seen": "1"}) as first:
        environ = dict(first.request.environ)
    app.before_request(lambda: pytest.fail("no hook"))
    with app.request_context(environ):
        assert (request.args["a"], request.method, request.headers["X-Seen"]) == ("1", "POST", "1")
        assert type(request.routing_exception).__name__ == "MethodNotAllowed"
