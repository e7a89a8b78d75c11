"""The entry point of requests: `lifecycle.handle_request`.

Where there is a compiled part, one compiled function does the same for requests of the fast path, and calls
the functions below for all else. `tests/pipeline/test_entry.py` compares the two.
"""

from __future__ import annotations

from cocopot.context import CURRENT, Context
from cocopot.head import ENCODER, TYPE_HEADERS
from cocopot.hooks.reporting import run_every
from cocopot.pipeline import fastpath, lifecycle
from cocopot.pipeline.defaults.dispatch import cocopot_dispatch_request, raise_view_returned_none
from cocopot.pipeline.teardown import tear_down
from cocopot.request import Request
from cocopot.response import Response
from cocopot.routing import Router
from cocopot.speedups import RequestHandler

HANDLER = RequestHandler(
    lifecycle.handle_request,
    match_request=lifecycle.match_request,
    plain_serve=fastpath.serve,
    dispatch_request=cocopot_dispatch_request,
    raise_view_returned_none=raise_view_returned_none,
    recover=fastpath.recover,
    serve_value=fastpath.serve_value,
    answer_exception=lifecycle.answer_exception,
    tear_down=tear_down,
    run_every=run_every,
    context_class=Context,
    request_class=Request,
    router_class=Router,
    response_class=Response,
    current=CURRENT,
    type_headers=TYPE_HEADERS,
    encoder=ENCODER,
)
handle_request = HANDLER.as_method()
