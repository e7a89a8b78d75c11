"""The ways in which views are written: rows by group, each a request and the response that must be sent.

Each row has a view of its own in `peers/*_ways.py`. The headers of a row are those that every framework must
send; a framework may add others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from workloads import Workload

#: The title of each group.
GROUPS = {
    "spellings": "One response, written in different ways",
    "requests": "What is read from a request",
    "responses": "What is set on a response",
    "errors": "Errors",
    "urls": "URLs",
    "files": "Files",
    "streams": "Streams",
    "growth": "Growth: what must not depend on the number of other things",
}
FILE = b"f" * 2048
CHUNK = "c" * 64
STATIC_PATHS = ("/static/file.txt",)
#: When something was changed last, and how that is sent.
CHANGED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CHANGED_TEXT = "Fri, 02 Jan 2026 03:04:05 GMT"
FIELDS = {"name": "widget", "price": "12.5", "note": "two words"}
NUMBERS = {f"k{number}": "a b" for number in range(1000)}
LARGE = {"text": "x" * 100_000}
BOUNDARY = "----boundary"
#: The number of handlers and blueprints in the group "growth".
MANY = 100
#: The number of rules there.
RULES = 1000

_BROWSER = {
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "de,en-US;q=0.7,en;q=0.3",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
}
MEDIA_TYPES = ["application/json", "text/html"]
_SEEN = {"x-a": "1"}
_ITEM = {"location": "/items/7"}
_DELETE = {"method": "DELETE", "status": 405, "body": None}
_FORM = {"method": "POST", "type": "application/x-www-form-urlencoded"}


def part_of(group: str) -> str:
    """Return the part of the results that a group is."""
    return f"ways: {group}"


def _multipart() -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    return f"{head}Content-Type: text/plain\r\n\r\n{LARGE['text']}\r\n--{BOUNDARY}--\r\n".encode()


def _multipart_fields() -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    parts = [f'{head}{name}"\r\n\r\n{value}\r\n' for name, value in FIELDS.items()]
    return f"{''.join(parts)}--{BOUNDARY}--\r\n".encode()


def _multipart_mixed() -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    file = f'{head}file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n{FILE.decode()}\r\n'
    return f'{head}note"\r\n\r\ntwo words\r\n{file}--{BOUNDARY}--\r\n'.encode()


def _row(group: str, name: str, title: str, **options: object) -> Workload:
    settings = {"paths": (f"/{name}",), "headers": {}, **options}
    return Workload(name=name, title=title, group=group, **settings)  # type: ignore[arg-type]


def _spelling(name: str, title: str, **options: object) -> Workload:
    return _row("spellings", name, title, **{"headers": _SEEN, **options})


WAYS = [
    _spelling("text", "a text", headers={}),
    _spelling("bytes", "bytes", headers={}),
    _spelling("markup", "Markup", headers={}),
    _spelling("text-dict", "(text, {header})"),
    _spelling("text-list", "(text, [(header)])"),
    _spelling("text-status", "(text, 200, {header})"),
    _spelling("text-type", "(text, {header, Content-Type})", headers={**_SEEN, "content-type": "text/plain"}),
    _spelling("response", "Response(text, headers)"),
    _spelling("response-type", "Response(text, {header, Content-Type})", headers=_SEEN),
    _spelling("response-mimetype", "Response(text, mimetype, headers)"),
    _spelling("response-status", "(Response(text), 201)", status=201, headers={}),
    _spelling("text-headers", "(text, Headers)"),
    _spelling("response-class", "a text, with a class of responses", headers={}),
    _spelling("made", "make_response(text), then a header"),
    _spelling("json", "a dict", body=b'{"a":1}', headers={"content-type": "application/json"}),
    _spelling("json-status", "(dict, 201)", body=b'{"a":1}', status=201, headers={}),
    _spelling("empty", '("", 204)', body=b"", status=204, headers={}),
    _spelling("created", '("", 201, {Location})', body=b"", status=201, headers=_ITEM),
    _row("requests", "header", "a header"),
    _row("requests", "query", "an argument of the query", query="limit=10&thing=ab"),
    _row("requests", "query-encoded", "an argument, with + and %", query=urlencode(FIELDS)),
    _row("requests", "query-1000", "one of 1,000 encoded arguments", query=urlencode(NUMBERS)),
    _row(
        "requests", "query-missing", "an argument that is missing, and a default", query="limit=10&thing=ab"
    ),
    _row("requests", "cookies", "two cookies", sent={"HTTP_COOKIE": "a=1; session=abcdef; theme=dark"}),
    _row(
        "requests",
        "form",
        "a form of 3 fields",
        payload=urlencode(FIELDS).encode(),
        **_FORM,
    ),
    _row(
        "requests",
        "form-large",
        "a form of 100 KB",
        payload=urlencode(LARGE).encode(),
        **_FORM,
    ),
    _row("requests", "data", "the body as bytes", method="POST", payload=FILE, type="text/plain"),
    _row("requests", "body", "the body by `data`", method="POST", payload=FILE, type="text/plain"),
    _row(
        "requests",
        "chunked",
        "a chunked body by `data`",
        method="POST",
        payload=FILE,
        type="text/plain",
        sent={"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": "1"},
    ),
    _row("requests", "json-body", "JSON", method="POST", payload=b'{"a":1}'),
    _row(
        "requests",
        "json-charset",
        "JSON with charset=utf-8",
        method="POST",
        payload=b'{"a":1}',
        type="application/json; charset=utf-8",
    ),
    _row(
        "requests",
        "multipart",
        "a file of 100 KB",
        method="POST",
        payload=_multipart(),
        type=f"multipart/form-data; boundary={BOUNDARY}",
    ),
    _row(
        "requests",
        "multipart-fields",
        "a multipart form of 3 fields",
        method="POST",
        payload=_multipart_fields(),
        type=f"multipart/form-data; boundary={BOUNDARY}",
    ),
    _row(
        "requests",
        "multipart-mixed",
        "a field and a file of 2 KB",
        method="POST",
        payload=_multipart_mixed(),
        type=f"multipart/form-data; boundary={BOUNDARY}",
    ),
    _row("requests", "request-class", "JSON, with a class of requests", method="POST", payload=b'{"a":1}'),
    _row("requests", "url", "the URL", query="limit=10&thing=ab"),
    _row("requests", "accept", "the best of two media types", sent=_BROWSER),
    _row("requests", "all-headers", "all headers", sent=_BROWSER),
    _row("requests", "g", "g written and read"),
    _row("requests", "attribute", "an attribute of the request written and read"),
    _row("responses", "head", "HEAD", method="HEAD", body=b""),
    _row("responses", "options", "OPTIONS", method="OPTIONS", body=b""),
    _row(
        "responses",
        "preflight",
        "a CORS preflight",
        method="OPTIONS",
        status=None,
        body=None,
        headers={"access-control-allow-origin": "*"},
        sent={"HTTP_ORIGIN": "https://shop.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET"},
    ),
    _row("responses", "five-headers", "five headers, set one by one", headers={"x-a0": "1", "x-a4": "1"}),
    _row("responses", "update", "five headers, by update", headers={"x-a0": "1", "x-a4": "1"}),
    _row("responses", "setdefault", "five headers, by setdefault", headers={"x-a0": "1", "x-a4": "1"}),
    _row("responses", "cache-control", "cache_control.max_age", headers={"cache-control": "max-age=60"}),
    _row("responses", "last-modified", "last_modified", headers={"last-modified": CHANGED_TEXT.lower()}),
    _row("responses", "werkzeug", "a Response of Werkzeug's"),
    _row("responses", "vary", "response.vary.add", headers={"vary": "accept-language"}),
    _row("responses", "set-cookie", "set_cookie"),
    _row("responses", "delete-cookie", "delete_cookie"),
    _row("responses", "after-this", "a header, by after_this_request", headers=_SEEN),
    _row("responses", "redirect", "redirect", status=302, body=None, headers={"location": "/hello"}),
    _row("errors", "abort", "abort(403)", status=403, body=None),
    _row("errors", "abort-text", "abort(404, text)", status=404, body=None),
    _row("errors", "abort-response", "abort(Response)", status=403),
    _row("errors", "missing-key", 'request.args["missing"]', status=400, body=None),
    _row("errors", "handled", "an exception with a handler"),
    _row("errors", "handled-json", "a handler that returns (dict, 400)", status=400, body=b'{"a":1}'),
    _row("errors", "handled-after", "a handler, and an after-request function", headers=_SEEN),
    _row("errors", "missing-handled", "404, with a handler", status=404),
    _row("errors", "missing", "404", status=404, body=None),
    _row("errors", "method", "405", **_DELETE),
    _row("errors", "method-variable", "405, with a variable", paths=("/method-variable/7",), **_DELETE),
    _row("urls", "url-for", "url_for with a variable", body=b"/items/7"),
    _row("urls", "url-for-ten", "ten URLs in one view", body=b"/items/9"),
    _row(
        "urls",
        "redirect-url-for",
        "redirect(url_for)",
        status=302,
        body=None,
        headers=_ITEM,
    ),
    _row("urls", "slash", "a redirect for a slash", paths=("/slash",), status=308, body=None),
    _row("urls", "path", "a variable for a path", paths=("/path/a/b/c",), body=b"a/b/c"),
    _row("urls", "custom", "a converter of the application", paths=("/custom/a-b",), body=b"ab"),
    _row("urls", "unicode", "a path that is not ASCII", paths=("/unicode/\xc3\xa9",), body="é".encode()),
    _row("urls", "url-unicode", "the URL of a path that is not ASCII", paths=("/url-unicode/\xc3\xa9",)),
    _row("urls", "extension", "two variables in a segment", paths=("/extension/a.txt",), body=b"a"),
    _row("urls", "not-strict", "strict_slashes=False, with a slash", paths=("/not-strict/7/",), body=b"7"),
    _row("urls", "defaults", "a variable with a default in another rule", paths=("/defaults/7",), body=b"7"),
    _row("urls", "trusted", "TRUSTED_HOSTS"),
    _row("urls", "server-name", "SERVER_NAME"),
    _row("urls", "subdomains", "SERVER_NAME, with subdomain matching"),
    _row("files", "send-file", "send_file", body=FILE),
    _row("files", "static", "a static file", paths=STATIC_PATHS, body=FILE),
    _row(
        "files",
        "not-modified",
        "304 of a static file",
        paths=STATIC_PATHS,
        status=304,
        body=b"",
        headers={},
        sent={"HTTP_IF_MODIFIED_SINCE": "Thu, 01 Jan 2099 00:00:00 GMT"},
    ),
    _row(
        "files",
        "range",
        "a range of a static file",
        paths=STATIC_PATHS,
        status=206,
        body=FILE[100:200],
        headers={"content-range": "bytes 100-199/2048"},
        sent={"HTTP_RANGE": "bytes=100-199"},
    ),
    _row("streams", "stream", "100 chunks", body=(CHUNK * 100).encode()),
    _row("streams", "stream-context", "100 chunks, with the context", body=(CHUNK * 100).encode()),
    _row("growth", "handlers", "an exception, with 100 other handlers"),
    _row("growth", "groups", "404, with 100 blueprints", status=404, body=None),
    _row("growth", "fixed", "one of 1,000 rules with a fixed part", paths=("/x700-5",), body=b"5"),
]
#: Rows that Falcon and wheezy.web have no counterpart for.
ONLY_OURS = frozenset({"url-for", "url-for-ten", "redirect-url-for", "slash", "werkzeug"})
#: Rows that request a file of the static folder.
STATIC = frozenset({"static", "not-modified", "range"})
#: The part of the results that a row belongs to.
PART_OF_ROW = {row.name: part_of(row.group) for row in WAYS}
