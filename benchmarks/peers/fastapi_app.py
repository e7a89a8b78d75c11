"""The workloads in FastAPI, under an ASGI server."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import FastAPI, Header, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from workloads import HELLO, TEXT, WAIT_SECONDS, Workload


def make(_workload: Workload) -> Any:
    app = FastAPI()

    @app.get("/hello", response_class=HTMLResponse)
    async def hello() -> str:
        return HELLO

    @app.get("/hello/{account_id}/test", response_class=PlainTextResponse)
    async def test(
        account_id: str,  # noqa: ARG001 - a view takes its variables
        limit: str,
        user_agent: Annotated[str, Header()],
        response: Response,
    ) -> str:
        response.headers["X-Seen"] = f"{user_agent} {limit}"
        return TEXT

    @app.post("/json")
    async def document(got: dict[str, Any]) -> dict[str, Any]:
        return {"got": got}

    @app.get("/wait", response_class=HTMLResponse)
    async def wait() -> str:
        await asyncio.sleep(WAIT_SECONDS)
        return HELLO

    return app
