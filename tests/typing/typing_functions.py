"""Functions that are annotated with the aliases of `cocopot.types`, and registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot import Cocopot, Response, abort

if TYPE_CHECKING:
    from cocopot.types import (
        AfterRequestCallable,
        BeforeRequestCallable,
        ErrorHandlerCallable,
        HeaderValue,
        ResponseReturnValue,
        RouteCallable,
        ShellContextProcessorCallable,
        TeardownCallable,
        TemplateContextProcessorCallable,
        TemplateFilterCallable,
        TemplateGlobalCallable,
        TemplateTestCallable,
        URLDefaultCallable,
        URLValuePreprocessorCallable,
    )

app = Cocopot("functions", autoload=False)


def index() -> ResponseReturnValue:
    cookies: HeaderValue = ["a=1", "b=2"]
    return "text", 200, {"Set-Cookie": cookies}


async def index_async() -> ResponseReturnValue:
    return {"key": "value"}


def check() -> ResponseReturnValue | None:
    return None


async def check_async() -> None:
    abort(401)


def stamp(response: Response) -> Response:
    return response


async def stamp_async(response: Response) -> Response:
    return response


def end(exc: BaseException | None) -> None: ...


async def end_async(exc: BaseException | None) -> None: ...


def handle(error: LookupError) -> ResponseReturnValue:
    return str(error), 404


def names() -> dict[str, Any]:
    return {"app": app}


def add_value(endpoint: str, values: dict[str, Any]) -> None: ...


def take_value(endpoint: str | None, values: dict[str, Any] | None) -> None: ...


views: list[RouteCallable] = [index, index_async]
before: list[BeforeRequestCallable] = [check, check_async]
after: list[AfterRequestCallable[Response]] = [stamp, stamp_async]
teardown: list[TeardownCallable] = [end, end_async]
handlers: list[ErrorHandlerCallable] = [handle]
processors: list[TemplateContextProcessorCallable] = [names]
shell: list[ShellContextProcessorCallable] = [names]
filters: list[TemplateFilterCallable] = [str.upper]
tests: list[TemplateTestCallable] = [str.isupper]
template_globals: list[TemplateGlobalCallable] = [names]
defaults: list[URLDefaultCallable] = [add_value]
preprocessors: list[URLValuePreprocessorCallable] = [take_value]

for view in views:
    app.add_url_rule(f"/{view!r}", view_func=view)
for function in before:
    app.before_request(function)
app.register_error_handler(LookupError, handle)
