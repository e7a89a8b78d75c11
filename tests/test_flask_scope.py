"""The members of Flask's application class that Cocopot has, each named after its row."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import click
import click.testing
import pytest
from werkzeug.exceptions import Aborter
from werkzeug.routing import RequestRedirect

import cocopot.config
import cocopot.json
import cocopot.types
from cocopot import (
    Blueprint,
    Cocopot,
    Config,
    Response,
    abort,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    redirect,
    request,
    url_for,
)
from cocopot.cli import AppGroup, AppLoader, CocopotGroup, pass_loader, with_appcontext
from cocopot.config import DEFAULTS
from cocopot.context import Context, current
from cocopot.debug_errors import DebugFilesKeyError, FormDataRoutingRedirect
from cocopot.exceptions import NotFound
from cocopot.globals import Globals
from cocopot.json import DefaultJSONProvider
from cocopot.testing import Client, CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from werkzeug.routing import MapAdapter


def make(cls: type[Cocopot] = Cocopot, **options: Any) -> Cocopot:
    app = cls(__name__, autoload=False, **options)
    app.add_url_rule("/", "index", lambda: "index", methods=["GET", "POST"])
    return app


class TestClassAttributes:
    def test_test_client_class(self) -> None:
        """The test client is of the class of the application."""

        class Own(Client):
            pass

        class Shop(Cocopot):
            test_client_class = Own

        assert type(make(Shop).test_client()) is Own
        assert type(make().test_client()) is Client

    def test_test_cli_runner_class(self) -> None:
        """The runner of commands is of the class of the application."""

        class Own(CliRunner):
            pass

        app = make()
        assert type(app.test_cli_runner()) is CliRunner
        app.test_cli_runner_class = Own
        assert type(app.test_cli_runner()) is Own

    def test_app_ctx_globals_class(self) -> None:
        """`g` is of the class of the application."""

        class Own(Globals):
            limit = 7

        class Shop(Cocopot):
            app_ctx_globals_class = Own

        with make(Shop).app_context():
            assert g.limit == 7

    def test_default_config(self) -> None:
        """A subclass extends or replaces defaults; the core's are in `cocopot.config`."""

        class Shop(Cocopot):
            default_config = {**DEFAULTS, "CURRENCY": "EUR", "JSON_SORT_KEYS": False}  # noqa: RUF012 - as users do

        assert (make(Shop).config["CURRENCY"], make(Shop).config["JSON_SORT_KEYS"]) == ("EUR", False)
        assert Cocopot.default_config is cocopot.config.DEFAULTS
        assert make().config["JSON_SORT_KEYS"]

    def test_aborter_class(self) -> None:
        """`abort` goes through the aborter of the current application."""

        class Teapot(NotFound):
            code = 418

        class Own(Aborter):
            def __init__(self) -> None:
                super().__init__(extra={499: Teapot})

        class Shop(Cocopot):
            aborter_class = Own

        app = make(Shop)
        app.add_url_rule("/tea", "tea", lambda: abort(499))
        assert app.test_client().get("/tea").status_code == 418
        with pytest.raises(LookupError, match="499"):
            abort(499)

    def test_redirect(self) -> None:
        """`redirect` goes through the method of the current application."""

        class Shop(Cocopot):
            def redirect(self, location: str, code: int = 302) -> Response:
                return super().redirect(f"https://shop.example{location}", 303)

        app = make(Shop)
        app.add_url_rule("/go", "go", lambda: redirect("/x"))
        response = app.test_client().get("/go")
        assert (response.status_code, response.location) == (303, "https://shop.example/x")

    def test_send_file_max_age_default(self) -> None:
        """The attribute is that of the configuration, as a timedelta."""
        app = make()
        assert app.send_file_max_age_default is None
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
        assert app.send_file_max_age_default == timedelta(minutes=1)
        app.send_file_max_age_default = 5
        assert app.get_send_file_max_age(None) == 5

    def test_use_x_sendfile(self) -> None:
        """The attribute is that of the configuration."""
        app = make()
        app.use_x_sendfile = True
        assert app.config["USE_X_SENDFILE"] is True

    def test_json_provider_class(self) -> None:
        """The JSON provider is of the class of the application."""

        class Own(DefaultJSONProvider):
            def default(self, o: object) -> object:
                return "own"

        class Shop(Cocopot):
            json_provider_class = Own

        assert make(Shop).json.dumps(object()) == '"own"'

    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("sort_keys", False, '{"b":"\\u00e9","a":1}\n'),
            ("ensure_ascii", False, '{"a":1,"b":"\u00e9"}\n'),
            ("compact", False, '{\n  "a": 1,\n  "b": "\\u00e9"\n}\n'),
            ("mimetype", "application/vnd.shop+json", '{"a":1,"b":"\\u00e9"}\n'),
        ],
    )
    @pytest.mark.parametrize("of_class", [True, False])
    def test_json(self, name: str, value: object, text: str, of_class: bool) -> None:
        """Setting an attribute of the provider takes effect at once, also after a first use."""
        app = make()
        app.add_url_rule("/json", "json", lambda: {"b": "\u00e9", "a": 1})
        if of_class:
            app.json_provider_class = type("Own", (DefaultJSONProvider,), {name: value})
        else:
            app.test_client().get("/json")
            setattr(app.json, name, value)
        assert getattr(app.json, name) == value
        response = app.test_client().get("/json")
        assert response.text == text
        assert response.mimetype == (value if name == "mimetype" else "application/json")

    def test_json_default(self) -> None:
        """What is assigned to `default` of the provider writes unknown objects."""
        app = make()
        app.json.default = lambda o: type(o).__name__  # type: ignore[attr-defined]  # of the default one
        assert app.json.dumps({1}) == '"set"'

    @pytest.mark.parametrize(
        "name", ["json_encoder", "json_decoder", "request_globals_class", "logger_name", "error_handlers"]
    )
    def test_gone(self, name: str) -> None:
        """Assigning a name that is gone in Flask too raises, with what replaces it."""
        app = make()
        with pytest.raises(AttributeError, match=f"{name} would have no effect: (use|set|override) "):
            setattr(app, name, {})
        with pytest.raises(AttributeError, match=f"{name} would have no effect"):
            type("Shop", (Cocopot,), {name: {}})
        with pytest.raises(AttributeError, match=f"no attribute {name!r}: (use|set|override) "):
            getattr(app, name)

    @pytest.mark.parametrize(
        ("name", "package"),
        [
            *((name, "cocopot-session") for name in ("permanent_session_lifetime", "session_cookie_name")),
            *(
                (name, "cocopot-jinja")
                for name in (
                    *("jinja_environment", "jinja_options", "jinja_env", "jinja_loader"),
                    *("create_jinja_environment", "create_global_jinja_loader", "select_jinja_autoescape"),
                )
            ),
        ],
    )
    def test_of_plugins(self, name: str, package: str) -> None:
        """A member that a plugin adds is an error that names the package, without the plugin."""
        with pytest.raises(AttributeError, match=f"pip install {package}"):
            getattr(make(), name)


class TestConfiguration:
    def test_max_cookie_size(self) -> None:
        """MAX_COOKIE_SIZE is the size from which a cookie is a warning; 0 is none."""
        app = make(plugins=())
        app.config["MAX_COOKIE_SIZE"] = 50
        with app.app_context(), pytest.warns(UserWarning, match="larger than 50 bytes"):
            Response().set_cookie("name", "x" * 60)
        app.config["MAX_COOKIE_SIZE"] = 0
        with app.app_context():
            Response().set_cookie("name", "x" * 5000)
        assert Response().max_cookie_size == 4093

    @pytest.mark.parametrize("value", ["secret", [""], [1], [None]])
    def test_secret_key_fallbacks(self, value: object) -> None:
        """SECRET_KEY_FALLBACKS is a list of keys; an invalid one is reported without its value."""
        app = make()
        app.config["SECRET_KEY_FALLBACKS"] = ["old", b"older"]
        assert app.config.faults() == []
        app.config["SECRET_KEY_FALLBACKS"] = value
        (fault,) = app.config.faults()
        assert (fault.key, fault.value) == ("SECRET_KEY_FALLBACKS", f"a {type(value).__name__}")

    def test_provide_automatic_options(self) -> None:
        """PROVIDE_AUTOMATIC_OPTIONS is the default of all rules."""
        app = Cocopot(__name__, autoload=False)
        app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        app.add_url_rule("/", "index", lambda: "index")
        assert app.test_client().options("/").status_code == 405

    @pytest.mark.parametrize("key", ["PRESERVE_CONTEXT_ON_EXCEPTION", "LOGGER_NAME", "LOGGER_HANDLER_POLICY"])
    def test_gone_keys(self, key: str) -> None:
        """A key that is gone in Flask too is ignored, with a warning at the start."""
        app = make()
        app.config[key] = "always"
        with pytest.warns(UserWarning, match=rf"{key} \(code .*test_flask_scope.py:\d+\) is ignored: "):
            app.start()

    @pytest.mark.parametrize("args", [({"A": 1},), ([("A", 1)],), (iter([("A", 1)]),), (None,), ()])
    def test_from_mapping(self, args: tuple[Any, ...]) -> None:
        """`Config.from_mapping` takes what `dict` takes."""
        config = Config("/srv")
        assert config.from_mapping(*args, B=2, lower=3)
        assert config == {**({"A": 1} if args and args[0] is not None else {}), "B": 2}


class TestConstructor:
    def test_keyword_only(self) -> None:
        """Only the import name may be passed by position: the order of the others differs from Flask's."""
        with pytest.raises(TypeError, match="positional"):
            Cocopot(__name__, "/assets")  # type: ignore[call-arg]  # on purpose

    def test_static_folder_empty(self, tmp_path: Path) -> None:
        """An empty static folder is the root path, served below `/`."""
        (tmp_path / "a.css").write_text("css")
        app = Cocopot(__name__, static_folder="", root_path=str(tmp_path), autoload=False)
        assert app.static_url_path == ""
        response = app.test_client().get("/a.css")
        assert (response.text, app.url_map._rules_by_endpoint["static"][0].rule) == (
            "css",
            "/<path:filename>",
        )
        response.close()

    @pytest.mark.parametrize(
        "options", [{"host_matching": True}, {"static_host": "a.example"}], ids=["no host", "no matching"]
    )
    def test_static_host(self, options: dict[str, Any]) -> None:
        """The constructor refuses a static folder without its host, and a host that has no effect."""
        with pytest.raises(ValueError, match=r"host_matching|static_host"):
            Cocopot(__name__, autoload=False, **options)
        Cocopot(__name__, autoload=False, static_folder=None, **options)
        Cocopot(__name__, autoload=False, static_host="a.example", host_matching=True)


class TestInstanceAttributes:
    @pytest.mark.parametrize(
        "name",
        [
            "shell_context_processors",
            "shutdown_funcs",
            "startup_funcs",
            "teardown_appcontext_funcs",
            "url_build_error_handlers",
        ],
    )
    def test_live_lists(self, name: str) -> None:
        """A list is live: what is appended is called, and may be removed or replaced."""
        app, calls = make(), []

        def note(*args: object) -> Any:
            calls.append(name)
            return "/built" if name == "url_build_error_handlers" else {}

        getattr(app, name).append(note)
        assert list(getattr(app, name)) == [note]
        app.make_shell_context()
        app.start()
        with app.test_request_context("/"):
            assert name != "url_build_error_handlers" or url_for("missing") == "/built"
        app.close()
        assert set(calls) == {name}
        setattr(app, name, [])
        assert list(getattr(app, name)) == []

    def test_before_first_request_funcs(self) -> None:
        """The list of an older Flask is an error that names the one that replaces it."""
        with pytest.raises(AttributeError, match="use startup_funcs"):
            make().before_first_request_funcs  # type: ignore[attr-defined]  # noqa: B018

    def test_repr(self) -> None:
        """The representation has the name of the subclass."""
        assert repr(type("Shop", (Cocopot,), {})("bakery", autoload=False)) == "<Shop 'bakery'>"

    def test_got_first_request(self) -> None:
        """It is false until the first request."""
        app = make()
        before = app.got_first_request
        app.test_client().get("/")
        assert (before, app.got_first_request) == (False, True)


def shop(name: str, function: Callable[..., Any]) -> type[Cocopot]:
    """Return a subclass that overrides one step."""
    return type("Shop", (Cocopot,), {name: function})


class TestOverrides:
    def test_make_config(self) -> None:
        """It makes the configuration of the constructor."""
        app = make(
            shop("make_config", lambda self, relative=False: Config("/srv", {**DEFAULTS, "X": relative}))
        )
        assert (app.config["X"], app.config.root_path) == (False, "/srv")

    def test_auto_find_instance_path(self) -> None:
        """It finds the instance folder, unless one is passed."""
        own = shop("auto_find_instance_path", lambda self: "/srv/instance")
        assert make(own).instance_path == "/srv/instance"
        assert make(own, instance_path="/tmp/x").instance_path == "/tmp/x"

    def test_create_url_adapter(self) -> None:
        """It decides how requests are matched and URLs are built."""

        class Shop(Cocopot):
            def create_url_adapter(self, request: Any) -> MapAdapter | None:
                return self.url_map.bind("shop.example", path_info="/" if request else None)

        app = make(Shop)
        app.add_url_rule("/other", "other", lambda: url_for("index", _external=True))
        assert app.test_client().get("/missing").text == "index"
        with app.app_context():
            assert url_for("other") == "http://shop.example/other"
        del Shop.create_url_adapter

    def test_inject_url_defaults(self) -> None:
        """It fills in the values of every URL that is built."""
        app = make(shop("inject_url_defaults", lambda self, endpoint, values: values.update(lang=endpoint)))
        with app.test_request_context():
            assert url_for("index") == "/?lang=index"

    def test_handle_url_build_error(self) -> None:
        """It supplies a URL that cannot be built."""
        app = make(shop("handle_url_build_error", lambda self, error, endpoint, values: f"/{endpoint}"))
        with app.test_request_context():
            assert url_for("missing") == "/missing"

    def test_trap_http_exception(self) -> None:
        """An HTTP exception that it traps is not a response."""
        app = make(shop("trap_http_exception", lambda self, e: isinstance(e, NotFound)))
        app.testing = True
        with pytest.raises(NotFound):
            app.test_client().get("/missing")
        assert app.test_client().put("/").status_code == 405

    def test_should_ignore_error(self) -> None:
        """Teardown functions do not get an exception that it ignores."""
        seen: list[object] = []
        app = make(shop("should_ignore_error", lambda self, error: isinstance(error, KeyError)))
        app.teardown_request(seen.append)
        app.add_url_rule("/<name>", "fail", fail)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        for path in ("/KeyError", "/ValueError"):
            assert app.test_client().get(path).status_code == 500
        assert [type(error).__name__ for error in seen] == ["NoneType", "ValueError"]

    def test_raise_routing_exception(self) -> None:
        """It raises what a request without a rule is answered with."""

        def raise_gone(self: Cocopot, request: Any) -> NoReturn:
            abort(410)

        assert make(shop("raise_routing_exception", raise_gone)).test_client().get("/x").status_code == 410

    def test_finalize_request(self) -> None:
        """It makes the response of views and of error handlers."""

        class Shop(Cocopot):
            def finalize_request(self, rv: Any, from_error_handler: bool = False) -> Response:
                response = super().finalize_request(rv, from_error_handler)
                response.headers["X-From-Handler"] = str(from_error_handler)
                return response

        app = make(Shop)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.add_url_rule("/<name>", "fail", fail)
        heads = [app.test_client().get(path).headers["X-From-Handler"] for path in ("/", "/a/b", "/KeyError")]
        assert heads == ["False", "False", "True"]

    def test_request_context(self) -> None:
        """Requests run in the context that it returns."""

        class Shop(Cocopot):
            def request_context(self, environ: Any) -> Context:
                context = super().request_context(environ)
                context.g.tenant = "bakery"
                return context

        app = make(Shop)
        app.add_url_rule("/tenant", "tenant", lambda: g.tenant)
        assert app.test_client().get("/tenant").text == "bakery"
        assert app.test_client().get("/missing").status_code == 404

    def test_app_context(self) -> None:
        """Commands run in the context that it returns."""

        class Shop(Cocopot):
            def app_context(self) -> Context:
                context = super().app_context()
                context.g.tenant = "bakery"
                return context

        app = make(Shop)
        app.cli.command("tenant")(lambda: click.echo(g.tenant))
        assert app.test_cli_runner().invoke(args=["tenant"]).output == "bakery\n"

    def test_app_context_of_a_request(self) -> None:
        """A request and a copy of it run in a context that it returns, each in its own."""

        class Counted(Context):
            pass

        class Shop(Cocopot):
            count = 0

            def app_context(self) -> Context:
                context = Counted(self)
                Shop.count += 1
                context.g.number = Shop.count
                return context

        def view() -> dict[str, object]:
            @copy_current_request_context
            def copy() -> tuple[object, ...]:
                return g.number, request.path

            return {"own": g.number, "copy": copy(), "type": type(current()).__name__}

        app = make(Shop)
        app.teardown_request(lambda exc: ended.append(g.number))
        app.add_url_rule("/view", "view", view)
        ended: list[int] = []
        Shop.count = 0
        client = app.test_client()
        assert client.get("/view").json == {"own": 1, "copy": [2, "/view"], "type": "Counted"}
        assert client.get("/view").json == {"own": 3, "copy": [4, "/view"], "type": "Counted"}
        assert client.get("/missing").status_code == 404
        assert ended == [2, 1, 4, 3, 5]
        with app.test_request_context("/view"):
            assert (g.number, request.endpoint) == (6, "view")

    def test_app_context_that_is_not_one(self) -> None:
        """The error names the method and the cure; a context cannot serve two requests."""

        class Shop(Cocopot):
            kept: Context | None = None

            def app_context(self) -> Context:
                self.kept = self.kept or super().app_context()
                return self.kept

        app = make(Shop)
        with app.test_request_context("/"), pytest.raises(TypeError, match="app_context of <Shop"):
            app.test_request_context("/")

    def test_make_default_options_response(self) -> None:
        """It answers OPTIONS."""
        own = shop("make_default_options_response", lambda self: self.response_class("own"))
        assert make(own).test_client().options("/").text == "own"

    def test_assigned(self) -> None:
        """A method may also be assigned to an object."""
        app = make()
        app.should_ignore_error = lambda error: True  # type: ignore[method-assign]
        assert app.overridden == {"should_ignore_error"}
        assert make().overridden == frozenset()


def fail(name: str) -> str:
    raise {"KeyError": KeyError, "ValueError": ValueError}[name]


class TestMethods:
    def test_make_shell_context(self) -> None:
        """The shell has `app` and `g`."""
        app = make()
        assert app.make_shell_context() == {"app": app, "g": g}

    @pytest.mark.parametrize("has_hook", [True, False])
    def test_no_context_for_startup_hooks(self, has_hook: bool) -> None:
        """An application context is pushed, and torn down, only for startup hooks that exist."""
        app, calls = make(), []
        app.teardown_appcontext(lambda exc: calls.append("torn down"))
        if has_hook:
            app.on_startup(lambda: calls.append("started"))
        app.start()
        assert calls == (["started", "torn down"] if has_hook else [])

    def test_blueprint_endpoint(self) -> None:
        """`Blueprint.endpoint` refuses a dot."""
        with pytest.raises(ValueError, match="may not contain a dot"):
            Blueprint("bp", __name__).endpoint("a.b")

    def test_json_functions(self) -> None:
        """The functions of `cocopot.json` use the application's provider, and a default one without it."""
        app = make()
        app.json.default = lambda o: "own"  # type: ignore[attr-defined]  # of the default one
        file = io.StringIO()
        with app.app_context():
            cocopot.json.dump({"b": {1}, "a": 1}, file)
        assert file.getvalue() == '{"a": 1, "b": "own"}'
        assert cocopot.json.load(io.StringIO("[1]")) == cocopot.json.loads(b"[1]") == [1]
        with pytest.raises(TypeError, match="not JSON serializable"):
            cocopot.json.dumps({1})

    @pytest.mark.parametrize("name", cocopot.types.__all__)
    def test_types(self, name: str) -> None:
        """The public aliases are types at run time, so that a union with them works."""
        alias = getattr(cocopot.types, name)
        assert alias | None is not None

    def test_redirect_that_loses_a_body(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """In debug mode, a POST whose body a redirect of the router would lose is an explained error."""
        app = make()
        app.add_url_rule("/notes/", "notes", lambda: request.form["text"], methods=["GET", "POST"])
        client = app.test_client()
        app.debug = True
        assert client.post("/notes", data={"text": "a"}, follow_redirects=True).text == "a"
        monkeypatch.setattr(RequestRedirect, "code", 301)
        with pytest.raises(FormDataRoutingRedirect, match="canonical URL 'http://localhost/notes/'"):
            client.post("/notes", data={"text": "a"})
        assert client.get("/notes").status_code == 301
        app.debug = False
        assert client.post("/notes").status_code == 301

    def test_file_without_multipart(self) -> None:
        """In debug mode, a file that a form without its content type lacks is an explained error."""
        app = make()
        app.add_url_rule("/up", "up", lambda: request.files["doc"].filename or "", methods=["POST"])
        app.debug = True
        with pytest.raises(DebugFilesKeyError, match=r'(?s)name of the file.*enctype="multipart/form-data"'):
            app.test_client().post("/up", data={"doc": "a.txt"})
        app.config.update(DEBUG=False)
        assert app.test_client().post("/up", data={"doc": "a.txt"}).status_code == 400


class TestCommands:
    def test_blueprint_cli(self) -> None:
        """A blueprint's commands are in a group of its name, of another name, or in none."""
        app = make()
        assert app.cli.name == app.name
        groups: dict[str, dict[str, Any]] = {"a": {}, "b": {"cli_group": "other"}, "c": {"cli_group": None}}
        for name, options in groups.items():
            blueprint = Blueprint(name, __name__, **options)
            blueprint.cli.command(f"name-{name}")(lambda: click.echo(current_app.name))
            app.register_blueprint(blueprint)
        again = Blueprint("d", __name__)
        again.cli.command("name-d")(lambda: None)
        app.register_blueprint(again, cli_group="fourth")
        assert list(app.cli.commands) == ["a", "other", "name-c", "fourth"]
        result = app.test_cli_runner().invoke(args=["other", "name-b"])
        assert result.output == f"{app.name}\n"

    def test_blueprint_cli_before(self) -> None:
        """The commands of a blueprint that is registered before `app.cli` is read are there, too."""
        app, blueprint = make(), Blueprint("a", __name__)
        blueprint.cli.command("one")(lambda: None)
        app.register_blueprint(blueprint)
        assert list(app.cli.commands) == ["a"]

    def test_with_appcontext(self) -> None:
        """A decorated function, and every command of an `AppGroup`, runs in a context of the application."""
        app, group = make(), AppGroup("group")
        group.command("named")(lambda: click.echo(current_app.name))
        group.command("bare", with_appcontext=False)(lambda: click.echo(has_app_context()))
        single = click.command()(with_appcontext(lambda: click.echo(current_app.name)))
        assert single.main([], standalone_mode=False, obj=AppLoader(create_app=lambda: app)) is None
        runner = app.test_cli_runner()
        assert runner.invoke(group, ["named"]).output == f"{app.name}\n"
        assert runner.invoke(group, ["bare"]).output == "False\n"

    def test_group_with_create_app(self) -> None:
        """A group with `create_app=` has its own commands, those of `cocopot`, and the application's."""

        def create_app() -> Cocopot:
            app = make()
            app.cli.command("own")(lambda: click.echo(current_app.name))
            return app

        @click.group(cls=CocopotGroup, create_app=create_app)
        def manage() -> None:
            """Manage the shop."""

        @manage.command()
        @pass_loader
        def rules(loader: AppLoader) -> None:
            click.echo(len(list(loader.load().url_map.iter_rules())))

        @manage.command()
        def name() -> None:
            click.echo(current_app.name)

        runner = click.testing.CliRunner()
        assert runner.invoke(manage, ["name"]).output == f"{__name__}\n"
        assert runner.invoke(click.Group("outer", [manage]), ["manage", "name"]).output == f"{__name__}\n"
        assert runner.invoke(manage, ["own"]).output == f"{__name__}\n"
        assert runner.invoke(manage, ["rules"]).output == "2\n"
        assert "/static/<path:filename>" in runner.invoke(manage, ["routes"]).output

    def test_runner(self) -> None:
        """A command object that the runner invokes has a context of the application."""
        app = make()
        command = click.command()(lambda: click.echo(current_app.name))
        assert app.test_cli_runner().invoke(command).output == f"{app.name}\n"
        other = AppLoader(create_app=lambda: Cocopot("other", autoload=False))
        assert app.test_cli_runner().invoke(command, obj=other).output == "other\n"

    @pytest.mark.parametrize(
        ("debug", "variable", "expected"),
        [
            ((), None, True),
            ((None,), None, False),
            ((), "0", False),
            ((False,), "1", False),
        ],
    )
    def test_run(
        self,
        debug: tuple[bool | None, ...],
        variable: str | None,
        expected: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """`debug=None` is as configured, and COCOPOT_DEBUG takes precedence over the default."""
        monkeypatch.delenv("COCOPOT_DEBUG", raising=False)
        if variable is not None:
            monkeypatch.setenv("COCOPOT_DEBUG", variable)
        served: list[bool] = []
        monkeypatch.setattr("cocopot.serving.run_app", lambda *_, debug, **__: served.append(debug))
        make().run(None, None, *debug)
        assert served == [expected]
