"""Sends random requests to two equal applications: one with what is compiled, one without.

`python -m tests.fuzz.twins NUMBER [SEED]` sends that many, and watches the memory of the process.
"""

from __future__ import annotations

import gc
import inspect
import io
import itertools
import random
import re
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot, Request, Response, forms, redirects, request_urls, response, streaming
from cocopot.datastructures import Headers
from cocopot.json import DefaultJSONProvider
from cocopot.pipeline import error_pages, lifecycle
from cocopot.routing import slashes
from cocopot.speedups import multipart, python, quoting, streams
from tests.fuzz import spellings
from tests.fuzz.failures import Interrupted, make_odd, random_query
from tests.fuzz.twin_application import VIEWS, OwnRequest, make_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: What is replaced by a function in Python while the twin without what is compiled serves a request.
_PLACES: tuple[tuple[Any, str], ...] = (
    (Response, "__init__"),
    (Response, "__call__"),
    (Request, "get_json"),
    (DefaultJSONProvider, "_content"),
    (DefaultJSONProvider, "loads"),
    (spellings, "make_response"),
    (forms, "read_body"),
    (streaming.ContextIterator, "__init__"),
    *((Headers, name) for name in ("__setitem__", "set", "add", "setdefault", "update", "extend")),
    *((Headers, name) for name in ("get", "__getitem__", "__contains__", "remove")),
)
#: Likewise, where what is compiled has no function in Python that it leaves something to.
_FUNCTIONS: tuple[tuple[Any, str, object], ...] = (
    (response, "encoded", streams.encoded),
    (streaming.ContextIterator, "__iter__", streams.StreamState.__iter__),
    (forms, "parse_arguments", python.parse_arguments),
    (request_urls, "plain_url", quoting.plain_url),
    (slashes, "plain_host", quoting.plain_host),
    (slashes, "plain_url", quoting.plain_url),
    (error_pages, "redirect_body", quoting.redirect_body),
    (redirects, "redirect_body", quoting.redirect_body),
    (forms, "split_form", multipart.split_form),
)
_BASE_ERRORS = (Interrupted, SystemExit, GeneratorExit)
_REPLACED = (*_PLACES, *((owner, name) for owner, name, _ in _FUNCTIONS))
_COMPILED = tuple(getattr(owner, name) for owner, name in _REPLACED)
_IN_PYTHON = (
    *map(inspect.unwrap, _COMPILED[: len(_PLACES)]),
    *(function for _, _, function in _FUNCTIONS),
)
# Of an object whose class has no representation of its own.
_ADDRESS = re.compile(" at 0x[0-9a-f]+")


class Twins:
    """Two equal applications.

    Args:
        hooks: Whether they have hooks.
        request_class: Their class of requests.
    """

    def __init__(self, *, hooks: bool = False, request_class: type[Request] = Request) -> None:
        self.seen: tuple[list[object], list[object]] = [], []
        self.compiled = make_app(self.seen[0], hooks=hooks)
        self.python = make_app(self.seen[1], hooks=hooks)
        self.python.wsgi_app = partial(lifecycle.handle_request, self.python)
        url_for_in_python: Any = partial(inspect.unwrap(Cocopot.url_for), self.python)
        self.python.url_for = url_for_in_python  # type: ignore[method-assign]
        self.compiled.request_class = self.python.request_class = request_class


# -------------------------------------------------------------------------
# The requests
# -------------------------------------------------------------------------

_METHODS = ("GET",) * 8 + ("POST",) * 4 + ("HEAD", "OPTIONS", "PUT", "DELETE", "get", "B\xe4D", "", "TRACE")
_PATHS = [
    *("/", "", "//", "/slash", "/slash/", "/nowhere", "/none/none", "text", "/text/", "/TEXT", "*"),
    *("/int/7", "/int/x", "/int/007", "/int/", "/int/99999999999999999999", "/\xc3\xa4", "/\xff", "/text\n"),
    *("/two/a/x/b", "/two/a/y/b", "/two//x/b", "/two/\xc3\xa4/x/b", "/path/a/b/c", "/path/", "/a" * 40),
]
_HOSTS = ["localhost"] * 8 + [
    "LOCALHOST",
    "localhost:80",
    "localhost:8000",
    "a b",
    "",
    "x" * 300,
    "[::1]",
    "h\xe4",
]
_QUERIES = [
    "",
    "",
    "a=1&b=2&b=3",
    "a=%C3%A4+x",
    "a",
    "&&=",
    "a=\xff",
    "before=1",
    "after=1",
    "a=%",
    "b=1;b=2",
]
_LENGTHS = ["", "", "0", "+1", "-1", "1.5", " 7 ", "\xb2", "9" * 21, "abc"]
_BODIES = [b"", b"a=1&b=2", b'{"a": 1}', b"[1.5, 1e999]", b"{", b"\xff" * 20]
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_TYPES = [
    "",
    "text/plain",
    _JSON,
    f"{_JSON}; charset=utf-8",
    "application/a+json",
    _FORM,
    "\xe4",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    f"multipart/form-data; boundary={'x' * 71}",
]
_HEADERS = {
    "HTTP_COOKIE": ["a=1; b=2", 'a="\\054"; a=\xc3\xa4', "=; ;a", "a" * 900],
    "HTTP_ACCEPT": ["text/html, */*;q=0.1", "a/b;q=x", ",,", "\xe4"],
    "HTTP_IF_NONE_MATCH": ['"1"', 'W/"1", "2"', "*", '"'],
    "HTTP_CACHE_CONTROL": ["no-cache", "max-age=x", "a=,b"],
    "HTTP_TRANSFER_ENCODING": ["chunked", "x"],
}
_PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'


def _environ(random: random.Random) -> tuple[dict[str, Any], bytes]:
    body = b""
    pick: Callable[[Sequence[Any]], Any] = random.choice
    environ: dict[str, Any] = {
        "REQUEST_METHOD": pick(_METHODS),
        "SCRIPT_NAME": pick(("", "", "", "/mounted", "\xff")),
        "PATH_INFO": f"/{pick(list(VIEWS))}" if random.random() < 0.7 else pick(_PATHS),
        "QUERY_STRING": pick(_QUERIES),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": pick(_HOSTS),
        "wsgi.url_scheme": pick(("http",) * 6 + ("https", "ws", "")),
        "HTTP_X_OWN": pick(("1", "\xe4", "a" * 900)),
    }
    if random.random() < 0.4:
        body = pick((*_BODIES, _PART))
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": pick(_TYPES)}
    if random.random() < 0.1:
        environ["CONTENT_LENGTH"] = pick(_LENGTHS)
    for key in ("HTTP_HOST", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME"):
        if random.random() < 0.02:
            del environ[key]
    if random.random() < 0.02:
        environ["HTTP_UPGRADE"] = "websocket"
    if random.random() < 0.2:
        name = pick(list(_HEADERS))
        environ[name] = pick(_HEADERS[name])
    if random.random() < 0.1:
        environ |= {"PATH_INFO": "/failing", "QUERY_STRING": random_query(random)}
    elif random.random() < 0.4:
        spelled = (
            {**spellings.BODIES, **spellings.NEW_BODIES},
            spellings.STATUSES,
            spellings.HEADERS,
            spellings.WAYS,
        )
        environ |= {"PATH_INFO": "/spelled", "QUERY_STRING": ",".join(pick(list(names)) for names in spelled)}
    return (make_odd(environ, random) if random.random() < 0.1 else environ), body


def _send(app: Cocopot, environ: dict[str, Any], body: bytes, fails: int, parts: int | None) -> object:
    """Send a request, and read so many parts of the body; return all that a server sees, or the exception."""
    started: list[object] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, headers, None if exc_info is None else exc_info[0].__name__))
        if len(started) <= fails:
            raise OSError("The server fails.")

    environ = type(environ)({"wsgi.input": io.BytesIO(body), **environ, "wsgi.errors": io.StringIO()})
    answer: Any = None
    content: list[object] = []
    errors: list[object] = []
    try:
        answer = app(environ, start_response)
        content.extend(itertools.islice(answer, parts))
    except (Exception, *_BASE_ERRORS) as error:  # noqa: BLE001 - compared
        errors.append((type(error), str(error)))
    try:
        if (close := getattr(answer, "close", None)) is not None:
            close()
    except (Exception, *_BASE_ERRORS) as error:  # noqa: BLE001 - compared
        errors.append((type(error), str(error)))
    return started, content, errors, sorted(environ.keys() - {"wsgi.input", "wsgi.errors"})


def _replace(functions: Sequence[object]) -> None:
    for (owner, name), function in zip(_REPLACED, functions, strict=True):
        setattr(owner, name, function)


def differences(twins: Twins, *, seed: int, number: int) -> Iterator[tuple[object, ...]]:
    """Send random requests to both; yield each that is served differently.

    Args:
        twins: The applications.
        seed: Of the random numbers.
        number: How many requests.
    """
    choice = random.Random(seed)
    for _ in range(number):
        environ, body = _environ(choice)
        fails, parts = choice.choice((0,) * 20 + (1, 2)), choice.choice((None,) * 9 + (0, 1, 2))
        propagate = choice.choice((None,) * 9 + (True,))
        answers = []
        both = zip((twins.compiled, twins.python), twins.seen, (_COMPILED, _IN_PYTHON), strict=True)
        for app, seen, functions in both:
            seen.clear()
            _replace(functions)
            app.config["PROPAGATE_EXCEPTIONS"] = propagate
            answers.append((_send(app, environ, body, fails, parts), seen.copy()))
        _replace(_COMPILED)
        if answers[0] != answers[1] and len({_ADDRESS.sub("", repr(answer)) for answer in answers}) == 2:
            yield environ, body, fails, parts, *answers


# -------------------------------------------------------------------------
# The command
# -------------------------------------------------------------------------


def _memory() -> int:
    """Return the resident memory of this process in KiB."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main(number: int, seed: int) -> int:
    """Send requests in ten parts, with hooks in every third one; return how many were served differently."""
    twins = Twins(), Twins(hooks=True), Twins(request_class=OwnRequest)
    found, begin = 0, time.monotonic()
    for part in range(10):
        for difference in differences(twins[part % 3], seed=seed + part, number=number // 10):
            found += 1
            print(*difference, sep="\n    ")  # noqa: T201 - the result
        gc.collect()
        seconds = time.monotonic() - begin
        report = f"{found} differences, {_memory()} KiB, {seconds:.0f} s"
        print(f"{(part + 1) * (number // 10)} requests, {report}", flush=True)  # noqa: T201 - the result
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1) > 0)
