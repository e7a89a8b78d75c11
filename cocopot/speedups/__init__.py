"""The functions and classes of the hot path that are worth compiling.

If the distribution was built with a C compiler they come from `_compiled.pyx`, else from the modules
in Python beside it, which do the same. `COCOPOT_PURE_PYTHON=1` in the environment selects the latter.
"""

import os

from cocopot.environment import is_true
from cocopot.speedups.python import LENGTH_HEADERS

try:
    if is_true(os.environ.get("COCOPOT_PURE_PYTHON", "")):
        raise ImportError  # noqa: TRY301 - as if it were missing
    from cocopot.speedups._compiled import (
        ApplicationState,
        CallState,
        ContextState,
        DocumentMethods,
        DomainState,
        FormMethods,
        GlobalsState,
        HeaderMethods,
        HookCallRecord,
        InputReader,
        Lazy,
        LazyArguments,
        LazyHeaders,
        MatcherState,
        PipelineState,
        Quoter,
        Reporter,
        ReportingFunction,
        ReportingKeywordFunction,
        ReportingWrapper,
        RequestHandler,
        RequestState,
        ResponseMaker,
        ResponseMethods,
        RouterState,
        RuleState,
        StreamState,
        TableState,
        Unwinder,
        UrlMethods,
        abort_function,
        argument_getter,
        body_reader,
        cache_control,
        config_flag,
        directive_setter,
        encoded,
        finite_float,
        header_set,
        is_plain_value,
        json_reader,
        match_plain,
        method_loader,
        new,
        parse_arguments,
        plain_cookies,
        plain_host,
        plain_url,
        proxy_class,
        read_in_context,
        redirect_body,
        redirect_error,
        redirect_function,
        split_form,
        stream_constructor,
        stream_opener,
        with_direct_call,
    )
except ImportError:  # also if an outdated one lacks a name
    from cocopot.speedups.bodies import InputReader, stream_opener
    from cocopot.speedups.documents import (
        DocumentMethods,
        body_reader,
        config_flag,
        finite_float,
        json_reader,
    )
    from cocopot.speedups.headers import (
        HeaderMethods,
        cache_control,
        directive_setter,
        header_set,
    )
    from cocopot.speedups.helpers import abort_function, redirect_error, redirect_function
    from cocopot.speedups.multipart import split_form
    from cocopot.speedups.proxies import proxy_class
    from cocopot.speedups.python import (
        DomainState,
        Lazy,
        LazyArguments,
        LazyHeaders,
        MatcherState,
        RouterState,
        RuleState,
        TableState,
        is_plain_value,
        match_plain,
        new,
        parse_arguments,
    )
    from cocopot.speedups.quoting import Quoter, plain_host, plain_url, redirect_body
    from cocopot.speedups.reports import (
        HookCallRecord,
        Reporter,
        ReportingFunction,
        ReportingKeywordFunction,
        ReportingWrapper,
    )
    from cocopot.speedups.requests import FormMethods, argument_getter, plain_cookies
    from cocopot.speedups.serving import (
        ApplicationState,
        CallState,
        ContextState,
        GlobalsState,
        PipelineState,
        RequestHandler,
        RequestState,
        ResponseMaker,
        ResponseMethods,
        method_loader,
        with_direct_call,
    )
    from cocopot.speedups.streams import StreamState, encoded, read_in_context, stream_constructor
    from cocopot.speedups.urls import UrlMethods
    from cocopot.speedups.wrappers import Unwinder

__all__ = [
    "COMPILED",
    "LENGTH_HEADERS",
    "ApplicationState",
    "CallState",
    "ContextState",
    "DocumentMethods",
    "DomainState",
    "FormMethods",
    "GlobalsState",
    "HeaderMethods",
    "HookCallRecord",
    "InputReader",
    "Lazy",
    "LazyArguments",
    "LazyHeaders",
    "MatcherState",
    "PipelineState",
    "Quoter",
    "Reporter",
    "ReportingFunction",
    "ReportingKeywordFunction",
    "ReportingWrapper",
    "RequestHandler",
    "RequestState",
    "ResponseMaker",
    "ResponseMethods",
    "RouterState",
    "RuleState",
    "StreamState",
    "TableState",
    "Unwinder",
    "UrlMethods",
    "abort_function",
    "argument_getter",
    "body_reader",
    "cache_control",
    "config_flag",
    "directive_setter",
    "encoded",
    "finite_float",
    "header_set",
    "is_plain_value",
    "json_reader",
    "match_plain",
    "method_loader",
    "new",
    "parse_arguments",
    "plain_cookies",
    "plain_host",
    "plain_url",
    "proxy_class",
    "read_in_context",
    "redirect_body",
    "redirect_error",
    "redirect_function",
    "split_form",
    "stream_constructor",
    "stream_opener",
    "with_direct_call",
]

#: Whether they are the compiled ones.
COMPILED = new.__module__ != "cocopot.speedups.python"
