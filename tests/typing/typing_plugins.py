"""Typed hook implementations, as the author of a plugin writes them; read by mypy, not run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, assert_type

from cocopot import Blueprint, Cocopot, HTTPException, Request, Response, hookimpl, hookspec
from cocopot.json import DefaultJSONProvider, JSONProvider

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import click
    import pluggy

    from cocopot.exceptions import BuildError
    from cocopot.types import ResponseValue

requires = ("session",)
after = ("metrics",)
pages = Blueprint("pages", __name__)


@hookimpl
def cocopot_config_defaults(app: Cocopot) -> Mapping[str, Any]:
    return {"PAGES_SIZE": 10}


@hookimpl
def cocopot_setup(app: Cocopot) -> None:
    app.extensions["pages"] = {}
    app.register_blueprint(pages)
    app.add_url_rule("/pages", view_func=lambda: "pages")
    app.register_error_handler(404, lambda error: (error.name, 404))


@hookimpl
def cocopot_startup(app: Cocopot) -> None:
    app.logger.info("%s pages", app.config["PAGES_SIZE"])


@hookimpl
def cocopot_register_commands(app: Cocopot, cli: click.Group) -> None:
    cli.help = app.name


@hookimpl(tryfirst=True)
def cocopot_before_request(app: Cocopot, request: Request) -> ResponseValue | None:
    return ("not for you", 403) if request.path == "/secret" else None


@hookimpl
def cocopot_after_request(app: Cocopot, request: Request, response: Response) -> Response | None:
    response.headers["X-Path"] = request.path
    return None


@hookimpl(wrapper=True)
def cocopot_dispatch_request(app: Cocopot, request: Request) -> Generator[None, ResponseValue, ResponseValue]:
    begin = time.perf_counter()
    value = yield
    app.logger.info("%s took %f s", request.path, time.perf_counter() - begin)
    return value


@hookimpl(trylast=True)
def cocopot_handle_exception(exc: Exception) -> ResponseValue | None:
    return exc.get_response() if isinstance(exc, HTTPException) else None


@hookimpl
def cocopot_teardown_request(app: Cocopot, exc: BaseException | None) -> None: ...


@hookimpl
def cocopot_url_build_error(error: BuildError, endpoint: str, values: dict[str, Any]) -> str | None:
    return f"/{endpoint}" if values else None


class Provider(DefaultJSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return super().dumps(obj, **kwargs)


@hookimpl
def cocopot_json_provider(app: Cocopot) -> JSONProvider:
    return Provider(app)


class Specs:
    @hookspec(firstresult=True)
    def pages_render(self, app: Cocopot, text: str) -> str | None: ...


class Plugin:
    @hookimpl
    def cocopot_addhooks(self, pluginmanager: pluggy.PluginManager) -> None:
        pluginmanager.add_hookspecs(Specs)

    @hookimpl(specname="pages_render")
    def render(self, text: str) -> str:
        return f"<p>{text}"


def use(app: Cocopot) -> None:
    app.plugins.register(Plugin(), name="pages")
    assert_type([record.name for record in app.plugins.records("plugin")], list[str])
    assert_type([impl.plugin_name for impl in app.plugins.call_order("cocopot_after_request")], list[str])


assert_type(cocopot_config_defaults(Cocopot()), "Mapping[str, Any]")
assert_type(cocopot_handle_exception(ValueError()), "ResponseValue | None")
