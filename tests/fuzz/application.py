"""The application that is fuzzed: it reads all that a request can contain, and answers in every way.

`strict` is mounted below `/strict`.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from cocopot import (
    Blueprint,
    Cocopot,
    Response,
    abort,
    after_this_request,
    jsonify,
    make_response,
    redirect,
    request,
    send_file,
    send_from_directory,
    stream_with_context,
    url_for,
)
from cocopot.views import MethodView
from tests.fuzz.marks import Marks, MeantError, is_unexpected, mark_meant
from tests.fuzz.strict import strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.exceptions import HTTPException


app = Cocopot(
    __name__,
    root_path=str(Path(__file__).parent),
    autoload={"cors"},
    plugins=[Marks],
)
app.config.update(MAX_CONTENT_LENGTH=2**20, MAX_FORM_PARTS=100)


app.logger.addFilter(is_unexpected)
app.register_error_handler(500, mark_meant)


def report(value: object) -> Any:
    """Answer with a digest of what was read, which is of use to no client."""
    return hashlib.sha256(repr(value).encode(errors="backslashreplace")).hexdigest()


# -------------------------------------------------------------------------
# Readers
# -------------------------------------------------------------------------


@app.route("/json", methods=["POST", "PUT", "PATCH"])
def echo_json() -> Any:
    """Answer with the JSON that was sent."""
    return jsonify(request.get_json())


@app.route("/json/lenient", methods=["GET", "POST"])
def lenient_json() -> Any:
    """Answer with the JSON that was sent, whatever its type."""
    return [request.get_json(force=True, silent=True)]


@app.route("/form", methods=["POST", "PUT"])
def form() -> Any:
    """Answer with the fields and the files of a form."""
    files = {key: [file.filename, file.mimetype, len(file.read())] for key, file in request.files.items()}
    return {"form": request.form.to_dict(flat=False), "files": files, "values": [*request.values]}


@app.route("/data", methods=["POST", "PUT", "DELETE"])
def data() -> Any:
    """Answer with the length of the body, and of the form that remains."""
    return {"length": len(request.get_data()), "form": len(request.form), "json": request.is_json}


@app.route("/lines", methods=["POST"])
def lines() -> Any:
    """Answer with the number of lines of the body."""
    return str(sum(1 for _ in request.stream))


@app.route("/pieces", methods=["POST"])
def pieces() -> Any:
    """Answer with a part of the body, and leave the rest unread."""
    return report([request.stream.read(10), request.stream.readline(), request.stream.read(3)])


@app.route("/args")
def arguments() -> Any:
    """Answer with the arguments of the query string."""
    return {"args": request.args.to_dict(flat=False), "n": request.args.get("n", type=int)}


@app.route("/field")
def field() -> Any:
    """Answer with one argument, which has to be there."""
    return request.args["q"]


@app.route("/url")
def url() -> Any:
    """Answer with what the request knows of its address."""
    own = [request.url, request.base_url, request.full_path, request.url_root, request.host_url, request.host]
    return [*own, request.root_path, request.scheme, url_for("url", _external=True, **request.args.to_dict())]


@app.route("/headers", methods=["GET", "POST", "PUT"])
def headers() -> Any:
    """Answer with a digest of all that Werkzeug parses of the headers."""
    accepted = [
        request.accept_mimetypes.best_match(["text/html", "application/json"]),
        request.accept_languages.best_match(["de", "en"]),
        request.accept_encodings.best_match(["gzip", "br"]),
        request.accept_charsets.best_match(["utf-8"]),
    ]
    conditions = [
        request.if_match.to_header(),
        request.if_none_match.to_header(),
        request.if_modified_since,
        request.if_unmodified_since,
        request.if_range.date,
        str(request.range),
    ]
    rest = [
        request.authorization,
        request.cache_control.max_age,
        request.pragma.to_header(),
        request.content_length,
        request.mimetype,
        request.mimetype_params,
        request.date,
        request.user_agent.string,
        request.referrer,
        request.origin,
        request.access_control_request_headers,
        request.access_route,
        request.remote_addr,
        request.cookies.to_dict(flat=False),
        request.max_forwards,
        [*request.headers],
    ]
    return report([accepted, conditions, rest])


@app.route("/r/<int:a>/<float:b>/<uuid:c>/<any(x, y):d>/<string(length=2):e>")
def converters(**values: Any) -> Any:
    """Answer with what the converters made of the path."""
    return report([values, url_for("converters", **values)])


@app.route("/signed/<int(signed=True, fixed_digits=3):a>/<float(signed=True):b>/")
def signed(a: int, b: float) -> Any:
    """Answer with numbers, and a URL that leads here."""
    return {"a": a, "b": b, "url": url_for("signed", a=a, b=b)}


@app.route("/two/<path:a>/and/<path:b>")
def two_paths(a: str, b: str) -> Any:
    """Answer with two parts of the path."""
    return {"a": a, "b": b, "url": url_for("two_paths", a=a, b=b, _external=True)}


# -------------------------------------------------------------------------
# Answers
# -------------------------------------------------------------------------


@app.route("/text")
def text() -> Any:
    """Answer with a text that is not ASCII, and a header of the application's own."""
    return "Grüße", {"X-App": "cocopot"}


@app.route("/file")
def file() -> Any:
    """Answer with a file that has an entity tag and supports range requests."""
    return send_file("static/digits.txt", etag="digits", last_modified=1_000_000_000, conditional=True)


@app.route("/buffer")
def buffer() -> Any:
    """Answer with bytes in memory that support range requests."""
    return send_file(io.BytesIO(b"0123456789"), "text/plain", etag=False, last_modified=1_000_000_000)


@app.route("/files/<path:name>")
def files(name: str) -> Any:
    """Answer with a file of a folder."""
    return send_from_directory("static", name)


@app.route("/tagged")
def tagged() -> Any:
    """Answer with a text that has an entity tag of its own."""
    response = make_response("tagged")
    response.add_etag()
    return response.make_conditional(request, accept_ranges=True)


@app.route("/stream")
def stream() -> Any:
    """Answer with pieces that are made while they are sent, with the request at hand."""

    def generate() -> Iterator[str]:
        for _ in range(3):
            yield request.path

    return Response(stream_with_context(generate()), mimetype="text/plain")


@app.route("/redirect")
def redirecting() -> Any:
    """Send the client where it wants to go, unless that is no URL."""
    try:
        return redirect(request.args.get("to", "/text"))
    except ValueError:
        abort(400)


@app.route("/header")
def header() -> Any:
    """Answer with a header that the client chooses, unless it is invalid."""
    try:
        response = Response("header")
        response.headers[request.args.get("name", "X-Name")] = request.args.get("value", "value")
        response.headers.add("X-Echo", request.headers.get("X-Echo", ""))
    except (ValueError, UnicodeError):
        abort(400)
    return response


@app.route("/cookie")
def cookie() -> Any:
    """Set a cookie that the client chooses, unless it is invalid."""
    try:
        response = Response("cookie")
        response.set_cookie(request.args.get("name", "name"), request.args.get("value", "value"), path="/c")
    except (ValueError, UnicodeError):
        abort(400)
    return response


@app.route("/download")
def download() -> Any:
    """Answer with a download whose name the client chooses, unless it is invalid."""
    try:
        return send_file(
            io.BytesIO(b"x"), "text/plain", as_attachment=True, download_name=request.args.get("name", "n")
        )
    except (ValueError, UnicodeError):
        abort(400)


@app.route("/status/<int:status>")
def status(status: int) -> Any:
    """Answer with a status that the client chooses, unless it is invalid or means a failure."""
    if not 200 <= status < 500:
        abort(404)
    return "status", status


@app.route("/after")
def after() -> Any:
    """Change the answer after the view."""
    after_this_request(lambda response: make_response((response.get_data(), 201)))
    return {"after": True}


@app.route("/fail", defaults={"rest": ""})
@app.route("/fail/<path:rest>")
def fail(rest: str) -> Any:
    """Fail."""
    raise MeantError(f"meant, {len(rest)}")


class Item(MethodView):
    """A view with a method for each method."""

    def get(self, number: int) -> Any:
        """Answer with the number."""
        return {"number": number}

    def post(self, number: int) -> Any:
        """Answer with the number and the form."""
        return {"number": number, "form": [*request.form]}, 201


app.add_url_rule("/item/<int:number>", view_func=Item.as_view("item"))

shop = Blueprint("shop", __name__, url_prefix="/shop/<name>")


@shop.before_request
def refuse() -> Any:
    """Answer in place of the view."""
    return ("no", 403) if "no" in request.args else None


@shop.errorhandler(404)
def no_item(error: HTTPException) -> Any:
    """Answer to what is not there with JSON."""
    return {"missing": request.path}, 404


@shop.route("/")
@shop.route("/<int:number>")
def item(name: str, number: int = 0) -> Any:
    """Answer with the name, or with a 404."""
    if number > 100:
        abort(404)
    return {"name": name, "number": number}


app.register_blueprint(shop)

app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/strict": strict})
