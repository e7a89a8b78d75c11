"""The entry point of requests: `lifecycle.handle_request`.

Where there is a compiled part, one compiled function does the same for requests of the fast path, and calls
the functions below for all else. `tests/pipeline/test_entry.py` compares the two.
"""

from __future__ import annotations

from types import GeneratorType

from werkzeug.exceptions import BadRequestKeyError, HTTPException
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.context import CURRENT, Context
from cocopot.head import MAKER
from cocopot.hooks.reporting import report_errors
from cocopot.json import METHODS as DOCUMENTS
from cocopot.json import DefaultJSONProvider, JSONProvider
from cocopot.pipeline import fastpath, lifecycle
from cocopot.pipeline.closing import observed
from cocopot.pipeline.defaults.dispatch import WITH_VIEW, cocopot_dispatch_request, raise_view_returned_none
from cocopot.pipeline.error_pages import PAGES
from cocopot.pipeline.mistakes import raise_bad_processed_response, raise_no_result
from cocopot.pipeline.sending import send
from cocopot.pipeline.teardown import tear_down
from cocopot.request import Request
from cocopot.response import METHODS
from cocopot.routing import Router
from cocopot.speedups import RequestHandler
from cocopot.streaming import ContextIterator
from cocopot.wsgi import close_unsent

#: The attributes of a request that the compiled function does without; `lifecycle.handle_request` serves
#: the requests of a class that overrides one of them.
REQUEST_ATTRIBUTES = (
    *("__init__", "__getattribute__", "__setattr__"),
    *("app", "environ", "holds_files", "routing_exception", "url_rule", "view_args"),
    *("headers", "host", "method", "path", "scheme", "server", "trusted_hosts"),
)
#: The iterators that views return mostly, each a body.
ITERATORS = frozenset({GeneratorType, ContextIterator, map})
HANDLER = RequestHandler(
    lifecycle.handle_request,
    match_request=lifecycle.match_request,
    plain_serve=fastpath.serve,
    dispatch_request=cocopot_dispatch_request,
    raise_view_returned_none=raise_view_returned_none,
    recover=fastpath.recover,
    handled=fastpath.handled,
    unraised=fastpath.UNRAISED,
    error_value=fastpath.error_value,
    pages=PAGES,
    http_exception=HTTPException,
    key_error=BadRequestKeyError,
    routing_exception=RoutingException,
    finalize_request=lifecycle.finalize_request,
    observed=observed,
    process_response=lifecycle.process_response,
    send=send,
    raise_no_result=raise_no_result,
    serve_value=fastpath.serve_value,
    raise_bad_processed_response=raise_bad_processed_response,
    close_unsent=close_unsent,
    send_processed=fastpath.send_processed,
    answer_exception=lifecycle.answer_exception,
    tear_down=tear_down,
    report_errors=report_errors,
    context_class=Context,
    request_class=Request,
    request_attributes=REQUEST_ATTRIBUTES,
    router_class=Router,
    any_response_class=WerkzeugResponse,
    with_view=WITH_VIEW,
    json_responses=(DefaultJSONProvider.response, JSONProvider.response),
    iterators=ITERATORS,
    current=CURRENT,
    maker=MAKER,
    methods=METHODS,
    documents=DOCUMENTS,
)
handle_request = HANDLER.as_method()
