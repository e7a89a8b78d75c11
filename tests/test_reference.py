"""Every member that the application object must have: its name, its parameters, and what it does."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, Response, request
from cocopot.exceptions import HTTPException, InternalServerError, NotFound
from cocopot.routing import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ATTRIBUTES = (
    "after_request_funcs",
    "before_request_funcs",
    "blueprints",
    "config",
    "debug",
    "error_handler_spec",
    "import_name",
    "log_format",
    "logger",
    "name",
    "router",
    "teardown_request_funcs",
    "view_functions",
)

METHODS = {
    "add_url_rule": "(rule, endpoint=None, view_func=None, methods=None, **options)",
    "after_request": "(f)",
    "before_request": "(f)",
    "create_logger": "()",
    "do_teardown_request": "(exc=None)",
    "endpoint": "(endpoint)",
    "errorhandler": "(code_or_exception)",
    "full_dispatch_request": "()",
    "handle_exception": "(e)",
    "handle_http_exception": "(e)",
    "handle_user_exception": "(e)",
    "log_exception": "(exc_info)",
    "preprocess_request": "()",
    "process_response": "(response)",
    "register_blueprint": "(blueprint, **options)",
    "register_error_handler": "(code_or_exception, f)",
    "route": "(rule, **options)",
    "run": "(host=None, port=None, debug=True, **options)",
    "teardown_request": "(f)",
    "wsgi_app": "(environ, start_response)",
}

#: Names of Flask's application class that are required as well, with Flask's meaning.
FLASK = (
    *(
        "app_context",
        "cli",
        "config_class",
        "create_url_adapter",
        "dispatch_request",
        "do_teardown_appcontext",
    ),
    *("extensions", "get_send_file_max_age", "has_static_folder", "instance_path", "iter_blueprints", "json"),
    *("make_default_options_response", "make_response", "make_shell_context", "open_instance_resource"),
    *("open_resource", "propagate_exceptions", "request_class", "request_context", "response_class"),
    *("root_path", "secret_key", "send_static_file", "shell_context_processor", "shell_context_processors"),
    *("static_folder", "static_url_path", "teardown_appcontext", "teardown_appcontext_funcs"),
    *("add_template_filter", "add_template_global", "add_template_test", "context_processor"),
    *("template_context_processors", "template_filter", "template_global", "template_test"),
    *("make_null_session", "open_session", "save_session", "session_interface", "update_template_context"),
    *("test_cli_runner", "test_client", "test_request_context", "testing", "url_build_error_handlers"),
    *("url_default_functions", "url_defaults", "url_map", "url_rule_class", "url_value_preprocessor"),
    "url_value_preprocessors",
    *("async_to_sync", "ensure_sync"),
    *("aborter", "aborter_class", "app_ctx_globals_class", "auto_find_instance_path", "default_config"),
    *("finalize_request", "got_first_request", "handle_url_build_error", "inject_url_defaults"),
    *("json_provider_class", "make_aborter", "make_config", "raise_routing_exception", "redirect"),
    *("send_file_max_age_default", "should_ignore_error", "test_cli_runner_class", "test_client_class"),
    *("trap_http_exception", "use_x_sendfile"),
)

#: Names that neither of the two has, and why the application has them.
OWN = {
    "add_property": "a plugin adds a lazy attribute to the application",
    "add_request_property": "a plugin adds a lazy attribute to requests",
    "add_route_option": "a plugin declares a keyword of routes",
    "add_template_folder": "a plugin adds its templates",
    "blueprint_cli_groups": "the groups of the commands of blueprints",
    "blueprint_prefixes": "which blueprint handles a 404 under its prefix",
    "check_open": "a registration after the first request is refused, in plugins' decorators too",
    "checkpoint": "rolls back what a plugin that fails has registered",
    "close": "runs the shutdown hooks",
    "delete": "the decorator of a method, as in today's Flask",
    "get": "the decorator of a method, as in today's Flask",
    "on_shutdown": "the decorator of cocopot_shutdown",
    "on_startup": "the decorator of cocopot_startup",
    "overridden": "which steps are called as methods, because a subclass overrides them",
    "patch": "the decorator of a method, as in today's Flask",
    "pipeline_for": "what is compiled for an endpoint",
    "plugins": "the plugin manager",
    "post": "the decorator of a method, as in today's Flask",
    "properties": "the properties that plugins have added",
    "put": "the decorator of a method, as in today's Flask",
    "request_properties": "those of requests",
    "route_options": "the keywords of routes that plugins have declared",
    "shutdown_funcs": "the functions of on_shutdown",
    "start": "runs the startup hooks",
    "started": "whether the startup hooks have run",
    "startup_funcs": "the functions of on_startup, before_first_request_funcs of Flask",
    "static_host": "the host of the static route, as in today's Flask",
    "subdomain_matching": "as in today's Flask",
    "iter_template_folders": "where templates are searched for, in order, and whose they are",
    "template_engine": "what renders, as a plugin supplies it",
    "template_filters": "what an engine reads",
    "template_folder": "as in today's Flask",
    "template_globals": "what an engine reads",
    "template_tests": "what an engine reads",
    "url_build_error_handler": "the decorator of cocopot_url_build_error",
    "url_for": "as in today's Flask",
}

#: What happens while a request is served, and can therefore be replaced at any time.
STEPS = (
    "do_teardown_appcontext",
    "do_teardown_request",
    "dispatch_request",
    "full_dispatch_request",
    "handle_exception",
    "handle_http_exception",
    "handle_user_exception",
    "log_exception",
    "make_default_options_response",
    "make_response",
    "preprocess_request",
    "process_response",
    "wsgi_app",
)

#: What happens while an application is made.
SET_UP = ("add_url_rule", "create_logger", "register_error_handler")


def parameters_of(function: Callable[..., Any]) -> str:
    """Return the parameters with their defaults, without annotations."""
    parameters = inspect.signature(function).parameters.values()
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return str(inspect.Signature(bare))


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.name = f"reference.{request.node.name}"
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/boom", view_func=boom)
    return app


def index() -> str:
    return "index"


def boom() -> str:
    raise ValueError("boom")


def statuses(app: Cocopot) -> list[int]:
    """Send one request of each sort, and return the status codes."""
    client = app.test_client()
    return [client.get(path).status_code for path in ("/", "/missing", "/boom")] + [
        client.options("/").status_code
    ]


class TestMembers:
    @pytest.mark.parametrize("name", ATTRIBUTES)
    def test_attribute(self, app: Cocopot, name: str) -> None:
        """The application has each attribute of the reference."""
        assert getattr(app, name) is not None

    @pytest.mark.parametrize(("name", "parameters"), METHODS.items())
    def test_method(self, app: Cocopot, name: str, parameters: str) -> None:
        """Each method takes the parameters of the reference, with their defaults."""
        assert parameters_of(getattr(app, name)) == parameters

    def test_constructor(self) -> None:
        """The import name comes first, and may be skipped, as may everything else."""
        parameters = list(inspect.signature(Cocopot).parameters.values())
        assert (parameters[0].name, parameters[0].default) == ("import_name", "")
        assert all(parameter.default is not inspect.Parameter.empty for parameter in parameters)

    def test_call(self, app: Cocopot) -> None:
        """The application is a WSGI application itself."""
        assert parameters_of(app) == "(environ, start_response)"


class TestAttributes:
    def test_debug(self, app: Cocopot) -> None:
        """Debug mode is off at first, can be assigned, and is the configuration's DEBUG."""
        assert app.debug is False
        app.debug = True
        assert app.config["DEBUG"] is True
        app.config["DEBUG"] = False
        assert app.debug is False

    def test_config(self, app: Cocopot) -> None:
        """The configuration is a dict, and read when a request needs it."""
        app.config["TRUSTED_HOSTS"] = ["shop.example"]
        assert isinstance(app.config, dict)
        assert app.test_client().get("/").status_code == 400

    def test_import_name(self, app: Cocopot) -> None:
        """The import name is the one that was passed."""
        assert app.import_name == __name__

    def test_import_name_omitted(self) -> None:
        """Without an import name it is that of the module that makes the application."""
        app = Cocopot(autoload=False)
        assert (app.import_name, app.name) == (__name__, __name__)

    def test_import_name_omitted_in_subclass(self) -> None:
        """A subclass with its own constructor counts as the application, not as its maker."""

        class Shop(Cocopot):
            def __init__(self) -> None:
                super().__init__(autoload=False)

        assert Shop().import_name == __name__

    def test_name_can_be_set(self, app: Cocopot) -> None:
        """The name can be overridden, and the import name stays."""
        app.name = "shop"
        assert (app.name, app.import_name, repr(app)) == ("shop", __name__, "<Cocopot 'shop'>")

    @pytest.mark.parametrize("import_name", ["", "__name__"])
    def test_name_of_run_file(self, tmp_path: Path, import_name: str) -> None:
        """In a file that is run, the name is guessed from the file."""
        script = tmp_path / "bakery.py"
        script.write_text(
            "from cocopot import Cocopot\n"
            f"app = Cocopot({import_name})\n"
            "print(app.import_name, app.name, app.root_path)\n"
        )
        output = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
        assert output.stdout.split() == ["__main__", "bakery", str(tmp_path)]

    def test_blueprints(self, app: Cocopot) -> None:
        """The registered blueprints are kept by name."""
        shop = Blueprint("shop", __name__)
        app.register_blueprint(shop)
        assert app.blueprints == {"shop": shop}

    def test_router(self, app: Cocopot) -> None:
        """The router holds the rules."""
        assert isinstance(app.router, Router)
        assert {"/", "/boom"} <= {rule.rule for rule in app.router.iter_rules()}

    def test_view_functions(self, app: Cocopot) -> None:
        """The view functions are kept by endpoint, and assigning another one takes effect."""
        assert app.view_functions["index"] is index
        assert app.test_client().get("/").text == "index"
        app.view_functions["index"] = lambda: "another"
        assert app.test_client().get("/").text == "another"

    def test_log_format(self, app: Cocopot) -> None:
        """The format of log records can be set, on the class or the instance."""
        app.log_format = "%(levelname)s says %(message)s"
        logging.getLogger(app.name).propagate = False
        (handler,) = app.logger.handlers
        record = logging.LogRecord("shop", logging.INFO, __file__, 1, "hello", None, None)
        assert handler.format(record) == "INFO says hello"

    def test_logger(self, app: Cocopot) -> None:
        """The logger has the application's name, and is made once."""
        assert app.logger is app.logger
        assert app.logger is logging.getLogger(app.name)


class TestTables:
    """The functions around the view as lists by blueprint name, or `None`."""

    @pytest.fixture
    def calls(self) -> list[str]:
        return []

    @pytest.fixture
    def note(self, calls: list[str]) -> Callable[[str], Callable[..., None]]:
        """Return a maker of functions that note their name in `calls`."""
        return lambda name: lambda *_: calls.append(name)

    @pytest.fixture
    def table(self, app: Cocopot, request: pytest.FixtureRequest) -> Any:
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/shop", view_func=index)
        app.register_blueprint(shop)
        return getattr(app, request.param)

    every_table = pytest.mark.parametrize(
        "table", ["before_request_funcs", "after_request_funcs", "teardown_request_funcs"], indirect=True
    )

    @every_table
    def test_scopes(self, app: Cocopot, table: Any, note: Any, calls: list[str]) -> None:
        """Functions under `None` run in every request, those under a blueprint's name in its requests."""
        table[None].append(note("app"))
        table.setdefault("shop", []).append(note("shop"))
        app.test_client().get("/")
        assert calls == ["app"]
        app.test_client().get("/shop")
        assert sorted(calls[1:]) == ["app", "shop"]

    @every_table
    def test_append_and_remove(self, app: Cocopot, table: Any, note: Any, calls: list[str]) -> None:
        """What is appended runs from the next request on, what is removed no more."""
        client = app.test_client()
        function = note("late")
        client.get("/")
        table[None].append(function)
        client.get("/")
        assert calls == ["late"]
        table[None].remove(function)
        client.get("/")
        assert calls == ["late"]

    @every_table
    def test_insert(self, app: Cocopot, table: Any, note: Any, calls: list[str]) -> None:
        """A function that is inserted at 0 counts as the one that was registered first."""
        table[None].append(note("second"))
        table[None].insert(0, note("first"))
        app.test_client().get("/")
        forwards = table is app.before_request_funcs
        assert calls == (["first", "second"] if forwards else ["second", "first"])

    @every_table
    def test_assignment(self, app: Cocopot, table: Any, note: Any, calls: list[str]) -> None:
        """A plain list can be assigned, and replaces what was there."""
        table[None] = [note("old")]
        table[None] = [note("new"), note("newer")]
        app.test_client().get("/")
        assert sorted(calls) == ["new", "newer"]
        del table[None]
        app.test_client().get("/")
        assert len(calls) == 2

    @every_table
    def test_decorator_fills_it(self, app: Cocopot, table: Any) -> None:
        """What a decorator registers is in the list."""
        names = {
            id(app.before_request_funcs): app.before_request,
            id(app.after_request_funcs): app.after_request,
            id(app.teardown_request_funcs): app.teardown_request,
        }
        assert names[id(table)](index) is index
        assert table[None] == [index]
        assert table[None][0] is index


class TestErrorHandlerSpec:
    def test_direct_assignment(self, app: Cocopot) -> None:
        """A handler that is assigned under `None` and a code answers for the application."""

        def page_not_found(_: HTTPException) -> tuple[str, int]:
            return "This page does not exist", 404

        assert app.test_client().get("/missing").text != "This page does not exist"
        app.error_handler_spec[None][404] = page_not_found
        response = app.test_client().get("/missing")
        assert (response.status_code, response.text) == (404, "This page does not exist")

    def test_by_blueprint(self, app: Cocopot) -> None:
        """A handler that is assigned under a blueprint's name answers for that blueprint."""
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/shop", view_func=boom)
        app.register_blueprint(shop)
        app.error_handler_spec["shop"][ValueError] = lambda e: f"shop: {e}"
        assert app.test_client().get("/shop").text == "shop: boom"
        assert app.test_client().get("/boom").status_code == 500

    def test_decorator_fills_it(self, app: Cocopot) -> None:
        """What the decorator registers is there, and can be taken away."""
        app.errorhandler(ValueError)(str)
        assert app.error_handler_spec[None][ValueError] is str
        assert app.test_client().get("/boom").text == "boom"
        del app.error_handler_spec[None][ValueError]
        assert app.test_client().get("/boom").status_code == 500


class TestRegistration:
    def test_route(self, app: Cocopot) -> None:
        """The decorated function answers the rule, under its own name as endpoint, and is returned."""

        def hello(name: str) -> str:
            return f"Hello {name}"

        assert app.route("/hello/<name>", methods=["GET", "POST"])(hello) is hello
        assert app.view_functions["hello"] is hello
        assert app.test_client().post("/hello/Ada").text == "Hello Ada"

    def test_route_with_endpoint(self, app: Cocopot) -> None:
        """The endpoint can be named."""
        app.route("/hello", endpoint="greeting")(lambda: request.endpoint)
        assert app.test_client().get("/hello").text == "greeting"

    def test_add_url_rule(self, app: Cocopot) -> None:
        """Rule, endpoint and view function can be given by position."""
        app.add_url_rule("/hello", "greeting", lambda: "hello", ["PUT"])
        assert app.test_client().put("/hello").text == "hello"
        assert app.test_client().get("/hello").status_code == 405

    def test_add_url_rule_without_view(self, app: Cocopot) -> None:
        """A rule without a view gets the one that is assigned to its endpoint later."""
        app.add_url_rule("/later", "later")
        app.view_functions["later"] = lambda: "here"
        assert app.test_client().get("/later").text == "here"

    def test_endpoint(self, app: Cocopot) -> None:
        """The decorator connects a function with an endpoint, and returns it."""
        app.add_url_rule("/example", "example.endpoint")

        @app.endpoint("example.endpoint")
        def example() -> str:
            return "example"

        assert app.view_functions["example.endpoint"] is example
        assert app.test_client().get("/example").text == "example"

    def test_before_request(self, app: Cocopot) -> None:
        """A function that returns nothing lets the view be called, another one answers in its place."""
        seen = []

        @app.before_request
        def look() -> str | None:
            seen.append(request.path)
            return "stopped" if request.path == "/boom" else None

        assert app.test_client().get("/").text == "index"
        assert app.test_client().get("/boom").text == "stopped"
        assert seen == ["/", "/boom"]

    def test_after_request(self, app: Cocopot) -> None:
        """A function gets the response, and returns one."""

        @app.after_request
        def replace(response: Response) -> Response:
            return Response(response.get_data() + b", replaced")

        assert app.test_client().get("/").text == "index, replaced"

    def test_teardown_request(self, app: Cocopot) -> None:
        """A function runs whether there was an exception or not, and gets it."""
        errors: list[BaseException | None] = []
        app.teardown_request(errors.append)
        app.test_client().get("/")
        app.test_client().get("/boom")
        assert errors[0] is None
        assert isinstance(errors[1], ValueError)

    def test_teardown_request_without_request(self, app: Cocopot) -> None:
        """A function runs when the context is popped, even if no actual request was performed."""
        errors: list[BaseException | None] = []
        app.teardown_request(errors.append)
        with app.test_request_context("/"):
            assert errors == []
        assert errors == [None]

    def test_errorhandler(self, app: Cocopot) -> None:
        """Functions answer a status code and a class of exceptions."""

        @app.errorhandler(404)
        def page_not_found(error: HTTPException) -> tuple[str, int]:
            return "This page does not exist", 404

        @app.errorhandler(ValueError)
        def special_exception_handler(error: ValueError) -> tuple[str, int]:
            return "Database connection failed", 500

        assert app.test_client().get("/missing").text == "This page does not exist"
        assert app.test_client().get("/boom").text == "Database connection failed"

    def test_register_error_handler(self, app: Cocopot) -> None:
        """The same without a decorator."""
        app.register_error_handler(404, lambda error: (error.name, 404))
        assert app.test_client().get("/missing").text == "Not Found"

    def test_register_blueprint(self, app: Cocopot) -> None:
        """The options of a registration win over the blueprint's own."""
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        shop.add_url_rule("/", view_func=index)
        app.register_blueprint(shop, url_prefix="/store")
        assert app.test_client().get("/store/").text == "index"
        assert app.test_client().get("/shop/").status_code == 404


class TestLogging:
    @pytest.fixture
    def logger(self, app: Cocopot) -> Iterator[logging.Logger]:
        """The application's logger, cut off from the handlers further up."""
        logger = logging.getLogger(app.name)
        logger.propagate = False
        yield logger
        logger.propagate = True
        logger.handlers.clear()

    @pytest.mark.parametrize("debug", [False, True])
    def test_level(self, app: Cocopot, logger: logging.Logger, debug: bool) -> None:
        """In debug mode the logger takes everything."""
        app.debug = debug
        assert app.create_logger() is logger
        assert logger.isEnabledFor(logging.DEBUG) is debug

    def test_level_after_the_logger_was_made(self, app: Cocopot, logger: logging.Logger) -> None:
        """Switching debug mode on later lowers the level of the logger that there is."""
        assert not app.logger.isEnabledFor(logging.DEBUG)
        app.debug = True
        assert app.logger.isEnabledFor(logging.DEBUG)
        assert app.logger is logger

    def test_removes_handlers(self, app: Cocopot, logger: logging.Logger) -> None:
        """Handlers that were attached before are removed."""
        stranger = logging.NullHandler()
        logger.addHandler(stranger)
        app.create_logger()
        assert stranger not in logger.handlers

    def test_never_attaches_twice(self, app: Cocopot, logger: logging.Logger) -> None:
        """However often it is made, the logger has one handler."""
        for _ in range(3):
            app.create_logger()
        assert len(logger.handlers) == 1

    def test_log_exception(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """An exception is logged as an error, with its traceback and the request."""
        error = ValueError("lost")
        with app.test_request_context("/path", method="POST"):
            app.log_exception((ValueError, error, None))
        (record,) = caplog.records
        assert (record.levelname, record.name) == ("ERROR", app.name)
        assert record.getMessage() == "Exception on /path [POST]"
        assert record.exc_info == (ValueError, error, None)


class TestSteps:
    def test_full_dispatch_request(self, app: Cocopot) -> None:
        """It runs what comes before and after the view, and the error handlers."""
        app.before_request(lambda: "before" if request.args else None)
        app.after_request(
            lambda response: Response(f"{response.status_code} {response.get_data(as_text=True)}")
        )
        app.register_error_handler(404, lambda e: (e.name, 404))
        texts = []
        for path in ("/", "/?stop", "/missing"):
            with app.test_request_context(path):
                texts.append(app.full_dispatch_request().get_data(as_text=True))
        assert texts == ["200 index", "200 before", "404 Not Found"]

    def test_preprocess_request(self, app: Cocopot) -> None:
        """It runs the before-request functions up to the first one that returns something."""
        calls = []
        app.before_request(lambda: calls.append("first"))
        app.before_request(lambda: "answer")
        app.before_request(lambda: calls.append("never"))
        with app.test_request_context("/"):
            assert app.preprocess_request() == "answer"
        assert calls == ["first"]

    def test_process_response(self, app: Cocopot) -> None:
        """It runs the after-request functions, and returns what they make of the response."""
        other = Response("other")
        with app.test_request_context("/"):
            same = Response("same")
            assert app.process_response(same) is same
        app.after_request(lambda _: other)
        with app.test_request_context("/"):
            assert app.process_response(Response("some")) is other

    def test_do_teardown_request(self, app: Cocopot) -> None:
        """It runs the teardown functions with the exception that is passed."""
        errors: list[BaseException | None] = []
        app.teardown_request(errors.append)
        error = ValueError()
        with app.test_request_context("/"):
            app.do_teardown_request(error)
            app.do_teardown_request()
        assert errors == [error, None, None]

    def test_handle_http_exception(self, app: Cocopot) -> None:
        """An HTTP exception is its own response, unless a handler answers it."""
        error = NotFound()
        with app.test_request_context("/"):
            assert app.handle_http_exception(error) is error
            app.register_error_handler(404, lambda _: "handled")
            assert app.handle_http_exception(error) == "handled"

    def test_handle_user_exception_forwards(self, app: Cocopot) -> None:
        """HTTP exceptions are forwarded to `handle_http_exception`."""
        app.handle_http_exception = lambda e: f"forwarded {e.code}"  # type: ignore[method-assign]
        with app.test_request_context("/"):
            assert app.handle_user_exception(NotFound()) == "forwarded 404"

    def test_handle_user_exception_answers(self, app: Cocopot) -> None:
        """Other exceptions get the value of their handler."""
        app.register_error_handler(LookupError, lambda e: f"no {e.args[0]}")
        with app.test_request_context("/"):
            assert app.handle_user_exception(KeyError("key")) == "no key"

    def test_handle_user_exception_raises_again(self, app: Cocopot) -> None:
        """An exception without a handler is raised again, and its traceback leads to where it came from."""
        with pytest.raises(ValueError, match="boom") as first:
            boom()
        with app.test_request_context("/"), pytest.raises(ValueError, match="boom") as second:
            app.handle_user_exception(first.value)
        assert second.value is first.value
        assert [frame.name for frame in traceback.extract_tb(second.tb)][-1] == "boom"

    def test_handle_exception_in_debug_mode(self, app: Cocopot) -> None:
        """In debug mode the exception is raised again at once, and not logged."""
        app.debug = True
        app.log_exception = pytest.fail  # type: ignore[method-assign, assignment]
        with pytest.raises(ValueError, match="boom") as raised:
            app.test_client().get("/boom")
        assert traceback.extract_tb(raised.tb)[-1].name == "boom"

    def test_handle_exception_logs(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """Otherwise it is logged, and the default 500 is sent."""
        response = app.test_client().get("/boom")
        assert (response.status_code, "Internal Server Error" in response.text) == (500, True)
        (record,) = caplog.records
        assert record.getMessage() == "Exception on /boom [GET]"

    def test_handle_exception_with_handler(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """The handler of 500 answers, after the exception has been logged."""

        @app.errorhandler(500)
        def sorry(error: InternalServerError) -> tuple[str, int]:
            return f"{len(caplog.records)} logged: {error.original_exception!r}", 500

        response = app.test_client().get("/boom")
        assert (response.status_code, response.text) == (500, "1 logged: ValueError('boom')")

    def test_wsgi_app_can_be_wrapped(self, app: Cocopot) -> None:
        """Middleware wraps `wsgi_app`, and the application object stays what it was."""
        inner = app.wsgi_app

        def middleware(environ: Any, start_response: Any) -> Any:
            return [b"<", *inner(environ, start_response), b">"]

        app.wsgi_app = middleware
        app.add_url_rule("/more", "more", lambda: "more")
        assert app.test_client().get("/").data == b"<index>"
        assert app.test_client().get("/more").data == b"<more>"


class TestOverriding:
    @pytest.mark.parametrize("name", [*STEPS, *SET_UP])
    def test_in_a_subclass(self, name: str) -> None:
        """A subclass can override each step, and call what it overrides."""
        calls = []

        def method(self: Cocopot, *args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return getattr(super(subclass, self), name)(*args, **kwargs)

        subclass: type[Cocopot] = type("Subclass", (Cocopot,), {name: method})
        app = subclass(f"{__name__}.{name}", autoload=False, root_path=".")
        app.route("/")(index)
        app.route("/boom")(boom)
        app.errorhandler(405)(str)
        assert statuses(app) == [200, 404, 500, 200]
        assert name in calls

    @pytest.mark.parametrize("served_before", [False, True])
    @pytest.mark.parametrize("name", STEPS)
    def test_on_the_instance(self, app: Cocopot, name: str, served_before: bool) -> None:
        """A step can be assigned to the application, before its first request and after."""
        calls = []
        original = getattr(app, name)
        if served_before:
            statuses(app)

        def step(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return original(*args, **kwargs)

        setattr(app, name, step)
        assert statuses(app) == [200, 404, 500, 200]
        assert name in calls

    @pytest.mark.parametrize("name", STEPS)
    def test_taken_back(self, app: Cocopot, name: str) -> None:
        """After the assigned step has been deleted, the class's own is used again."""
        setattr(app, name, getattr(app, name))
        statuses(app)
        setattr(app, name, lambda *_: pytest.fail("has been deleted"))
        delattr(app, name)
        assert statuses(app) == [200, 404, 500, 200]

    def test_result_counts(self) -> None:
        """What an override returns is what the request goes on with."""

        class Shouting(Cocopot):
            def make_response(self, rv: Any) -> Response:
                return super().make_response(rv.upper() if isinstance(rv, str) else rv)

            def process_response(self, response: Response) -> Response:
                response.headers["X-Length"] = str(response.content_length)
                return super().process_response(response)

        app = Shouting(__name__, autoload=False)
        app.route("/")(index)
        response = app.test_client().get("/")
        assert (response.text, response.headers["X-Length"]) == ("INDEX", "5")

    def test_add_url_rule_serves_route(self) -> None:
        """To customise `route`, only `add_url_rule` need be overridden."""

        class Versioned(Cocopot):
            def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
                super().add_url_rule(f"/v1{rule}", *args, **options)

        app = Versioned(__name__, autoload=False)
        app.get("/items")(index)
        assert app.test_client().get("/v1/items").text == "index"


class TestRun:
    def serve(self, tmp_path: Path, set_up: str, run: str, expected: str) -> str:
        """Run a script that serves, until it has written `expected` to the error stream."""
        script = tmp_path / "bakery.py"
        script.write_text(f"from cocopot import Cocopot\napp = Cocopot(autoload=False)\n{set_up}\n{run}\n")
        written = ""
        with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True) as process:
            giving_up = threading.Timer(30, process.kill)
            giving_up.start()
            assert process.stderr is not None
            for line in process.stderr:
                written += line
                if expected in written:
                    break
            giving_up.cancel()
            process.kill()
        return written

    def test_default_port(self, tmp_path: Path) -> None:
        """The port is 5000; if another program has it, the message names it too."""
        assert "5000" in self.serve(tmp_path, "", "app.run(debug=False)", "5000")

    def test_server_name(self, tmp_path: Path) -> None:
        """Host and port are those of SERVER_NAME, if there is one."""
        set_up = "app.config['SERVER_NAME'] = 'localhost:47813'"
        expected = "localhost:47813"
        written = self.serve(tmp_path, set_up, "app.run(debug=False)", "47813")
        assert expected in written or "Port 47813 is in use" in written

    def test_debug_by_default(self, tmp_path: Path) -> None:
        """Debug mode is on unless it is switched off; options go to the server."""
        on = self.serve(tmp_path, "", "app.run(port=0, use_reloader=False)", "debug mode")
        assert "debug mode on" in on
        off = self.serve(tmp_path, "", "app.run(port=0, debug=False)", "debug mode")
        assert "debug mode off" in off


def test_every_public_name_has_a_reason() -> None:
    """The application has the names of the reference, those that Flask's class requires, and few others."""
    app = Cocopot("names", autoload=False)
    names = {name for name in dir(app) if not name.startswith("_")}
    assert names == {*ATTRIBUTES, *METHODS, *FLASK, *OWN}
    assert len(OWN) == 36
    for group, others in ((FLASK, (*ATTRIBUTES, *METHODS)), (OWN, (*ATTRIBUTES, *METHODS, *FLASK))):
        assert set(group).isdisjoint(others)
