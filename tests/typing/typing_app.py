"""Typed use of the application object; read by mypy, not run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, assert_type

from cocopot import Cocopot, Config, Request, Response, current_app, jsonify, redirect, request, url_for
from cocopot.exceptions import HTTPException, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click
    from werkzeug.test import TestResponse

    from cocopot.hooks import PluginManager
    from cocopot.routing import Router
    from cocopot.testing import Client, CliRunner
    from cocopot.types import ResponseValue, StartResponse, WSGIApplication, WSGIEnvironment

app = Cocopot()
app = Cocopot(__name__, autoload={"cors"}, disable=["gzip"], plugins=[object()], plugin_errors="warn")

# -- attributes ------------------------------------------------------------

assert_type(app.debug, bool)
assert_type(app.testing, bool)
assert_type(app.secret_key, str | bytes | None)
assert_type(app.name, str)
assert_type(app.import_name, str)
assert_type(app.config, Config)
assert_type(app.logger, logging.Logger)
assert_type(app.static_folder, str | None)
plugins: PluginManager = app.plugins
router: Router = app.router
group: click.Group = app.cli
names: dict[str, Any] = app.make_shell_context()
app.debug = True
app.testing = True
app.secret_key = b"secret"
app.name = "shop"
app.config["DEBUG"] = True
app.config.from_object("shop.settings")
app.log_format = "%(message)s"

# -- decorators keep the types of functions --------------------------------


@app.route("/items/<int:item_id>", methods=["GET", "POST"], defaults={"page": 1})
def item(item_id: int, page: int) -> str:
    return f"{item_id}, {page}, {url_for('item', item_id=item_id + 1, _external=True)}"


assert_type(item(1, page=2), str)


@app.get("/typed")
def typed() -> dict[str, int]:
    return {"n": 1}


assert_type(typed(), dict[str, int])


@app.before_request
def load() -> str | None:
    return None


assert_type(load(), str | None)


@app.after_request
def add_header(response: Response) -> Response:
    response.headers["X-Seen"] = "1"
    return response


assert_type(add_header(Response()), Response)


@app.teardown_request
def tear_down(exc: BaseException | None) -> None:
    assert_type(exc, BaseException | None)


@app.teardown_appcontext
def close_pool(exc: BaseException | None) -> None: ...


@app.errorhandler(404)
def not_found(error: HTTPException) -> tuple[str, int]:
    return error.name, 404


@app.errorhandler(ValueError)
def bad_value(error: ValueError) -> Response:
    return Response(str(error), 400)


assert_type(not_found(NotFound()), tuple[str, int])
assert_type(bad_value(ValueError()), Response)


@app.url_defaults
def add_language(endpoint: str, values: dict[str, Any]) -> None:
    values.setdefault("language", endpoint)


@app.url_value_preprocessor
def pull_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    assert_type(endpoint, str | None)


@app.on_startup
def open_pool() -> None: ...


@app.on_shutdown
def drop_pool() -> None: ...


@app.shell_context_processor
def shell_names() -> dict[str, Any]:
    return {"item": item}


@app.endpoint("later")
def later() -> list[int]:
    return [1]


app.add_url_rule("/later", "later")
app.add_url_rule("/typed", view_func=typed, methods=["PUT"], strict_slashes=False)
app.register_error_handler(500, not_found)
app.register_error_handler(KeyError, lambda error: (str(error), 400))

# -- as data ---------------------------------------------------------------

app.before_request_funcs[None].append(load)
app.before_request_funcs[None].insert(0, load)
app.before_request_funcs["shop"] = [load]
app.before_request_funcs.setdefault(None, []).append(load)
app.after_request_funcs[None] = [add_header]
app.teardown_request_funcs[None].remove(tear_down)
app.error_handler_spec[None][404] = not_found
app.error_handler_spec["shop"][ValueError] = bad_value
app.view_functions["later"] = later
app.view_functions["lambda"] = lambda: "a view"

# -- what serves a request -------------------------------------------------


class Middleware:
    def __init__(self, inner: WSGIApplication) -> None:
        self.inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.inner(environ, start_response)


app.wsgi_app = Middleware(app.wsgi_app)
as_wsgi: WSGIApplication = app


class Shop(Cocopot):
    request_class = Request
    response_class = Response
    log_format = "%(message)s"

    def __init__(self) -> None:
        super().__init__(__name__)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return super().wsgi_app(environ, start_response)

    def full_dispatch_request(self) -> Response:
        return super().full_dispatch_request()

    def preprocess_request(self) -> ResponseValue | None:
        return super().preprocess_request()

    def make_response(self, rv: Any) -> Response:
        return super().make_response(rv)

    def process_response(self, response: Response) -> Response:
        response = super().process_response(response)
        response.headers["Server"] = "shop"
        return response

    def handle_user_exception(self, e: Exception) -> ResponseValue:
        return super().handle_user_exception(e)

    def handle_http_exception(self, e: HTTPException) -> ResponseValue:
        return super().handle_http_exception(e)

    def handle_exception(self, e: Exception) -> Response:
        return super().handle_exception(e)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        super().do_teardown_request(exc)

    def create_logger(self) -> logging.Logger:
        return super().create_logger()


shop: Cocopot = Shop()

# -- tests of an application -----------------------------------------------

client: Client = app.test_client()
runner: CliRunner = app.test_cli_runner()
with app.test_client() as entered:
    answer: TestResponse = entered.post("/items/1", json={"n": 1}, query_string={"page": 2})
    assert_type(answer.status_code, int)
    assert_type(answer.text, str)
with app.test_request_context("/items/1", method="POST"), app.app_context():
    assert_type(app.full_dispatch_request(), Response)
    assert_type(app.make_response("text"), Response)

# -- the proxy of the current application ----------------------------------


def factory(name: str, make: Callable[[str], Cocopot]) -> Response:
    assert_type(current_app, Cocopot)
    current_app.logger.info("%s made %s for %s", request.path, make(name), current_app.config["DEBUG"])
    assert_type(current_app.url_for("item", item_id=1), str)
    assert_type(jsonify(n=1), Response)
    return redirect(url_for("later"), code=303)
