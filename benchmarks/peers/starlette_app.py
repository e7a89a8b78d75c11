"""The workloads in Starlette, under an ASGI server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from workloads import HELLO, TEXT, WAIT_SECONDS, Workload

if TYPE_CHECKING:
    from starlette.requests import Request


async def hello(_request: Request) -> Response:
    return HTMLResponse(HELLO)


async def test(request: Request) -> Response:
    seen = f"{request.headers['User-Agent']} {request.query_params['limit']}"
    return PlainTextResponse(TEXT, headers={"X-Seen": seen})


async def document(request: Request) -> Response:
    return JSONResponse({"got": await request.json()})


async def wait(_request: Request) -> Response:
    await asyncio.sleep(WAIT_SECONDS)
    return HTMLResponse(HELLO)


def make(_workload: Workload) -> Any:
    return Starlette(
        routes=[
            Route("/hello", hello),
            Route("/hello/{account_id}/test", test),
            Route("/json", document, methods=["POST"]),
            Route("/wait", wait),
        ]
    )
