"""Which hosts are valid, and which are trusted."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import create_environ, run_wsgi_app

from cocopot import Blueprint, Cocopot, Request, Response, current_app, redirect, request, url_for
from cocopot.exceptions import BadHost, BadRequest, ConfigError, SecurityError
from cocopot.hosts import (
    Host,
    check_trusted_hosts,
    host_of,
    is_host,
    is_trusted,
    parse_host,
    subdomain_of,
)
from cocopot.routing import Router

if TYPE_CHECKING:
    from collections.abc import Callable

LABEL = "a" * 63

VALID = {
    "shop.example": ("shop.example", ""),
    "Shop.Example.": ("Shop.Example.", ""),
    "my_service:5000": ("my_service", "5000"),
    "_http._tcp.example": ("_http._tcp.example", ""),
    "-.example.com": ("-.example.com", ""),
    "localhost:": ("localhost", ""),
    "localhost:0080": ("localhost", "80"),
    "localhost:0": ("localhost", "0"),
    "127.0.0.1:65535": ("127.0.0.1", "65535"),
    "a%20b~!$&'()*+;=": ("a%20b~!$&'()*+;=", ""),
    "xn--bcher-kva.example": ("xn--bcher-kva.example", ""),
    "[::1]": ("[::1]", ""),
    "[2001:DB8::1]:8080": ("[2001:DB8::1]", "8080"),
    "[::ffff:127.0.0.1]": ("[::ffff:127.0.0.1]", ""),
    f"{LABEL}.{LABEL}.{LABEL}.{LABEL[:62]}:65535": (f"{LABEL}.{LABEL}.{LABEL}.{LABEL[:62]}", "65535"),
}
INVALID = [
    *("", " ", "a b", " a", "a ", "<script>", "evil.example/x?y#", "a/b", "a?b", "a#b", "a\\b", "user@host"),
    *("a:b", "a:80:80", "a:-1", "a:+1", "a: 80", "a:65536", "a:" + "9" * 5000, ":80", ":", "a:\u0663"),
    *("[::1", "::1", "[::1]]", "[[::1]]", "[]", "[:::]", "[1::2::3]", "[::1%25eth0]", "[fe80::1%eth0]"),
    *("[v1.x]", "[127.0.0.1]", "[::1]a", "[::1]:x", "[::g]"),
    *(".", "..", ".a", "a..b", "a..", f"{LABEL}a.b", "a." * 128 + "b", "a" * 8000, "a,b", "a, b"),
    *(
        "a%",
        "a%2",
        "a%zz",
        "a\n",
        "a\r\nX: y",
        "a\0",
        "a\x7f",
        "\xe9",
        "b\xc3\xbccher",
        "a\u2024b",
        '"',
        "a|b",
    ),
]


@pytest.mark.parametrize("text", VALID)
def test_valid_hosts(text: str) -> None:
    """A name as RFC 3986 allows it or an IPv6 address, with an optional port, is valid."""
    assert parse_host(text) == VALID[text]
    assert is_host(text)


@pytest.mark.parametrize("text", INVALID)
def test_invalid_hosts(text: str) -> None:
    """Whatever else is in a Host header is not valid, and a 400."""
    assert parse_host(text) is None
    assert not is_host(text)
    app = make_app()
    for path in ("/", "/none", "/items", "/%ff", "//items//"):
        answer = send(app, path, text)
        assert answer.status_code == 400
        assert "Location" not in answer.headers
    assert app.seen == {"BadHost"}


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=20))
def test_no_text_is_more_than_a_host(text: str) -> None:
    """A valid host has none of the characters that end it in a URL, and is not empty."""
    host = parse_host(text)
    assert is_host(text) == (host is not None)
    assert host is None or (host.name and not set(host.name) & set('/?#@\\ \t\n"<>') and host.name.isascii())


def test_the_host_when_there_is_none() -> None:
    """Without a Host header the server's own address is used, or the name of this machine."""
    environ = {"wsgi.url_scheme": "http", "SERVER_NAME": "h", "SERVER_PORT": "8080"}
    assert host_of(environ) == Request(environ).host == "h:8080"
    assert host_of({**environ, "SERVER_PORT": "80"}) == "h"
    assert host_of({**environ, "SERVER_NAME": "::1"}) == "[::1]:8080"
    assert host_of({**environ, "SERVER_NAME": "/run/socket", "SERVER_PORT": ""}) == "localhost"
    assert host_of({"wsgi.url_scheme": "http"}) == Request({}).host == "localhost"


def test_the_default_port_is_omitted() -> None:
    """A port that is the scheme's is not part of the host, however it is written."""
    for scheme, port in (("http", "80"), ("https", "443"), ("ws", "080"), ("wss", "443"), ("http", "")):
        assert host_of({"wsgi.url_scheme": scheme, "HTTP_HOST": f"h:{port}"}) == "h"
    assert host_of({"wsgi.url_scheme": "https", "HTTP_HOST": "h:80"}) == "h:80"


# -------------------------------------------------------------------------
# Trust
# -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "hosts"),
    [
        (["ok.example"], "ok.example OK.Example ok.example. ok.example:80 ok.example:8080 ok.example.:80"),
        (["OK.example."], "ok.example ok.example."),
        ([".ok.example"], "ok.example a.ok.example A.B.OK.example. -.ok.example _a.ok.example:81"),
        (["ok.example:8080"], "ok.example ok.example:8080 ok.example:9"),
        (["[::1]"], "[::1] [::1]:8000 [0:0::1]"),
        (["[::1]:5000"], "[::1] [::1]:5000"),
        (["127.0.0.1"], "127.0.0.1 127.0.0.1:5000"),
        (["b\xfccher.example"], "xn--bcher-kva.example XN--BCHER-KVA.example:80"),
        ([".b\xfccher.example"], "a.xn--bcher-kva.example"),
        (("a", "b"), "a b"),
        ({"my_service"}, "my_service:5000"),
    ],
)
def test_trusted_hosts(trusted: Any, hosts: str) -> None:
    """Case, a dot at the end, the port and the form of an address make no difference."""
    assert check_trusted_hosts(trusted) is None
    for host in hosts.split():
        assert send(make_app(TRUSTED_HOSTS=trusted), "/", host).status_code == 200, host


@pytest.mark.parametrize(
    ("trusted", "hosts"),
    [
        ([], "ok.example localhost [::1]"),
        (
            ["ok.example"],
            "a.ok.example ok.example.evil xok.example ok.example:80:80 ok.example.. ok%2eexample",
        ),
        (
            [".ok.example"],
            ".ok.example ..ok.example xok.example ok.example.evil evil%2f.ok.example a;.ok.example",
        ),
        (["[::1]"], "[::2] ::1 [::1"),
        (["localhost"], "localhost:80:80 localhost:evil localhost@evil 127.0.0.1"),
    ],
)
def test_hosts_that_are_not_trusted(trusted: list[str], hosts: str) -> None:
    """Whatever only looks like a trusted host is a 400; an empty list trusts no host."""
    for host in hosts.split():
        assert send(make_app(TRUSTED_HOSTS=trusted), "/", host).status_code == 400, host


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        ("shop.example", r"write \['shop.example'\]"),
        (["*"], "write None"),
        (["*.shop.example"], "write '.shop.example'"),
        (["::1"], r"write '\[::1\]'"),
        (["http://shop.example"], "no scheme"),
        (["shop.example", ""], "'' is not a host"),
        (["."], "'.' is not a host"),
        (["..a"], "is not a host"),
        ([".[::1]"], "is not a host"),
        (["a b"], "is not a host"),
        (["a:99999"], "is not a host"),
        (["a,b"], "is not a host"),
        (["a%20b"], "is not a host"),
        (["\u2024" * 70], "is not a host"),
        ([None], "None is not a host"),
        ([b"a"], "b'a' is not a host"),
        ({"a": 1}, "must be a list"),
        (3, "must be a list"),
    ],
)
def test_invalid_values_are_errors_at_startup(value: object, cure: str) -> None:
    """A value with an entry that can be no host stops the application, and the message has the cure."""
    app = make_app(TRUSTED_HOSTS=value)
    with pytest.raises(ConfigError, match=f"TRUSTED_HOSTS = .*{cure}"):
        app.start()


def test_a_value_that_became_invalid_is_an_error() -> None:
    """An entry that is added to the list later is not skipped."""
    with pytest.raises(TypeError, match="TRUSTED_HOSTS"):
        is_trusted(Host("a", ""), ["a", "*"])


@pytest.mark.parametrize(
    ("host", "server_name", "subdomain"),
    [
        ("shop.example", "shop.example", ""),
        ("A.Shop.example.", "shop.EXAMPLE", "a"),
        ("a.b.shop.example:80", "shop.example", "a.b"),
        ("a.shop.example:8080", "shop.example:8080", "a"),
        ("a.xn--bcher-kva.example", "b\xfccher.example", "a"),
        ("a.shop.example:8080", "shop.example", None),
        ("xshop.example", "shop.example", None),
        ("a..b", "shop.example", None),
        ("[::1]:5000", "[0::1]:5000", ""),
    ],
)
def test_subdomains(host: str, server_name: str, subdomain: str | None) -> None:
    """The subdomain of a host is found without regard to case, a dot at the end and the default port."""
    assert subdomain_of(host, server_name, "http") == subdomain


def test_a_host_that_is_no_subdomain() -> None:
    """It matches no rule, not even one whose subdomain is a variable."""
    app = _hosts_app()
    assert send(app, "/tenant", "ada.shop.example").get_data() == b"ada"
    for host in ("shop.example", "other.example", "shop.example:8080", "xshop.example"):
        assert send(app, "/tenant", host).status_code == 404


def test_a_final_dot_with_host_matching() -> None:
    """A dot at the end of the host makes no difference to which rules match."""
    app = Cocopot("hosts", static_folder=None, autoload=False, host_matching=True)
    app.add_url_rule("/", "index", lambda: url_for("index", _external=True), host="shop.example:8080")
    for _ in range(2):
        assert send(app, "/", "Shop.example.:8080").get_data() == b"http://shop.example:8080/"
    assert send(app, "/", "shop.example.").status_code == 404


# -------------------------------------------------------------------------
# Every reader, every builder, every early exit
# -------------------------------------------------------------------------

READERS: dict[str, Callable[[], object]] = {
    "host": lambda: request.host,
    "host_url": lambda: request.host_url,
    "url": lambda: request.url,
    "base_url": lambda: request.base_url,
    "url_root": lambda: request.url_root,
    "root_url": lambda: request.root_url,
    "external": lambda: url_for("index", _external=True),
    "relative": lambda: url_for("index"),
    "redirect": lambda: redirect(url_for("index", _external=True)),
    "adapter": lambda: current_app.create_url_adapter(request),
    "options": lambda: current_app.make_default_options_response().allow,
}


class RecordingApp(Cocopot):
    """Records what reading the host and building URLs raises, wherever the application can do that."""

    def __init__(self, **config: object) -> None:
        super().__init__("hosts", static_folder=None, autoload=False)
        self.config.from_mapping(config)
        self.seen: set[str] = set()
        self.add_url_rule("/", "index", lambda: "index")
        self.add_url_rule("/items/", "items", lambda: "items")
        self.add_url_rule("/old", "old", redirect_to="/items/")
        self.add_url_rule("/alias", "index", alias=True)
        self.before_request(self.read)
        self.teardown_request(lambda _: self.read())
        self.register_error_handler(400, self.answer)

    def answer(self, error: BadRequest) -> BadRequest:
        self.read()
        return error

    def read(self) -> None:
        for name, read in READERS.items():
            try:
                value = read()
            except (SecurityError, BadHost) as error:
                self.seen.add(type(error).__name__)
            else:
                self.seen.add(f"{name}: {value!r}")


class OtherRequest(Request):
    """Not the plain class, so that no shortcut is taken."""


class OtherRouter(Router):
    """Likewise."""


def make_app(**config: object) -> RecordingApp:
    return RecordingApp(**config)


def send(app: Cocopot, path: str, host: str, **environ: Any) -> Response:
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "QUERY_STRING": "", "wsgi.url_scheme": "http",
        "SERVER_NAME": "h", "SERVER_PORT": "80", "PATH_INFO": path.replace("%ff", "\xff"), "HTTP_HOST": host,
        **environ,
    }  # fmt: skip
    return Response(*run_wsgi_app(app, environ))


EXITS = {
    "match": {"path": "/"},
    "not found": {"path": "/none"},
    "not UTF-8": {"path": "/%ff"},
    "not Latin-1": {"path": "/\u20ac"},
    "bad length": {"path": "/", "CONTENT_LENGTH": "abc"},
    "method": {"path": "/", "REQUEST_METHOD": "PUT"},
    "odd method": {"path": "/", "REQUEST_METHOD": "get"},
    "options": {"path": "/", "REQUEST_METHOD": "OPTIONS"},
    "slash": {"path": "/items"},
    "merged slashes": {"path": "//items//"},
    "redirect_to": {"path": "/old"},
    "alias": {"path": "/alias"},
    "websocket": {"path": "/", "HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"},
}


@pytest.mark.parametrize("kind", ["plain", "request class", "router class", "server name", "subdomains"])
@pytest.mark.parametrize("name", EXITS)
def test_a_host_that_is_not_trusted_is_never_seen(name: str, kind: str) -> None:
    """However a request ends, no hook and no error handler reads a foreign host, or builds a URL from it."""
    app = make_app(TRUSTED_HOSTS=["good.example"])
    if kind == "request class":
        app.request_class = OtherRequest
    elif kind == "router class":
        app.router = OtherRouter([rule.empty() for rule in app.router.iter_rules()])
    elif kind != "plain":
        app.config["SERVER_NAME"] = "good.example"
        app.subdomain_matching = kind == "subdomains"
    for _ in range(2):  # before and after a host is cached
        answer = send(app, host="evil.example", **EXITS[name])
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert app.seen == {"SecurityError"}
        assert send(make_app(), "/", "evil.example").status_code == 200
        assert send(app, "/", "good.example").status_code == 200
        app.seen.clear()


class AbsoluteResponse(Response):
    """Makes its location absolute, as was usual before RFC 9110, section 10.2.2."""

    autocorrect_location_header = True


@pytest.mark.parametrize("name", EXITS)
@pytest.mark.parametrize("host", ["evil.example", "evil.example/x?", "[", "good.example"])
@pytest.mark.parametrize("trusted", [None, ["good.example"]])
def test_a_location_is_absolute_only_for_a_trusted_host(
    name: str, host: str, trusted: list[str] | None
) -> None:
    """However a request ends, its host becomes a part of the location only if it is valid and trusted."""
    app = Cocopot("hosts", static_folder=None, autoload=False)
    app.config["TRUSTED_HOSTS"] = trusted
    app.response_class = AbsoluteResponse
    app.before_request(lambda: redirect("/s\xe4"))
    app.add_url_rule("/", "index", lambda: "index")
    location = send(app, host=host, **EXITS[name]).headers["Location"]
    is_safe = host == "good.example" or (trusted is None and host == "evil.example")
    assert location == (f"http://{host}/s%C3%A4" if is_safe else "/s%C3%A4")


def test_trusted_hosts_of_a_request_class() -> None:
    """A class of requests may have trusted hosts of its own."""
    app = make_app()
    app.request_class = type("Own", (Request,), {"trusted_hosts": ["good.example"]})
    assert send(app, "/", "good.example").status_code == 200
    assert send(app, "/", "evil.example").status_code == 400


def test_an_overridden_adapter_and_preprocessing() -> None:
    """Overridden steps see a foreign host no more than hooks do."""

    class Own(RecordingApp):
        def create_url_adapter(self, request: Request | None) -> Any:
            return super().create_url_adapter(request)

        def preprocess_request(self) -> Any:
            self.read()
            return super().preprocess_request()

    app = Own(TRUSTED_HOSTS=["good.example"])
    assert send(app, "/%ff", "evil.example").status_code == 400
    assert app.seen == {"SecurityError"}


def test_contexts_outside_of_a_server() -> None:
    """A test request and an application context inside of it check the host too."""
    app = make_app(TRUSTED_HOSTS=["good.example"], SERVER_NAME="good.example")
    with app.test_request_context("/", base_url="http://evil.example"):
        app.read()
        with app.app_context():
            app.read()
    assert app.seen == {"SecurityError"}
    with app.app_context():
        assert url_for("index") == "http://good.example/"


@pytest.mark.parametrize("where", ["error handler", "after_request", "before_request", "all"])
@pytest.mark.parametrize("path", ["/", "/%ff", "/none"])
def test_reading_a_foreign_host_is_a_400(
    where: str, path: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code that reads the host of such a request does not make it a 500, and nothing is logged."""
    app = Cocopot("hosts", static_folder=None, autoload=False)
    app.config.from_mapping(TRUSTED_HOSTS=["good.example"], PROPAGATE_EXCEPTIONS=True)
    app.add_url_rule("/", "index", lambda: "index")
    if where in {"error handler", "all"}:
        app.register_error_handler(400, lambda _: (url_for("index", _external=True), 400))
        app.register_error_handler(Exception, lambda _: request.url)
    if where in {"after_request", "all"}:
        app.after_request(lambda response: response.headers.add("X-Host", request.host))
    if where in {"before_request", "all"}:
        app.before_request(lambda: request.url_root)
    answer = send(app, path, "evil.example")
    assert answer.status_code == 400
    assert "<h1>Bad Request</h1>" in answer.get_data(as_text=True)
    assert "http" not in answer.get_data(as_text=True)
    assert (caplog.records, capsys.readouterr().err) == ([], "")


def test_a_forwarded_host() -> None:
    """What a proxy forwards is checked in the same way."""
    app = make_app(TRUSTED_HOSTS=["good.example"])
    app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1)
    for forwarded, status in (
        ("good.example", 200),
        ("evil.example", 400),
        ("a b", 400),
        ("x, good.example", 200),
    ):
        answer = send(app, "/", "proxy", HTTP_X_FORWARDED_HOST=forwarded)
        assert answer.status_code == status


def test_the_log_names_no_foreign_url(caplog: pytest.LogCaptureFixture) -> None:
    """An error in a hook is logged without a URL of the foreign host."""
    app = make_app(TRUSTED_HOSTS=["good.example"])
    app.before_request(lambda: 1 / 0)
    assert send(app, "/", "evil.example").status_code == 500
    assert "ZeroDivisionError" in caplog.text
    assert "evil.example" not in caplog.text


# -------------------------------------------------------------------------
# Nothing that a client sends stays
# -------------------------------------------------------------------------


def _hosts_app() -> Cocopot:
    app = Cocopot("memory", static_folder=None, autoload=False, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/<user>/<int:n>", "user", lambda user, n: user)
    app.add_url_rule("/tenant", "tenant", lambda tenant: tenant, subdomain="<tenant>")
    app.add_url_rule("/items/", "items", lambda: request.url)
    blueprint = Blueprint("bp", __name__, url_prefix="/bp/<int:n>")
    blueprint.register_error_handler(404, lambda error: error)
    app.register_blueprint(blueprint)
    app.register_error_handler(404, lambda error: error)
    return app


UNIQUE: dict[str, Callable[[str], dict[str, str]]] = {
    "host": lambda unique: {"host": f"{unique}.other"},
    "subdomain": lambda unique: {"host": f"{unique}.shop.example", "path": "/tenant"},
    "invalid host": lambda unique: {"host": f"{unique} {'x' * 3000}"},
    "path": lambda unique: {"path": f"/{unique}/{'x' * 3000}"},
    "path of a blueprint": lambda unique: {"path": f"/bp/7/{unique}{'x' * 3000}"},
    "view argument": lambda unique: {"path": f"/{unique}{'x' * 3000}/7"},
    "redirect": lambda unique: {"path": "/items", "QUERY_STRING": unique + "x" * 3000},
    "method": lambda unique: {"REQUEST_METHOD": unique.upper()},
    "header": lambda unique: {f"HTTP_{unique.upper()}": "x" * 3000},
    "cookie": lambda unique: {"HTTP_COOKIE": f"{unique}={'x' * 3000}"},
    "query": lambda unique: {"QUERY_STRING": f"{unique}={'x' * 3000}", "path": "/items/"},
    "not UTF-8": lambda unique: {"path": f"/\xff{unique}{'x' * 3000}"},
}


@pytest.mark.parametrize("kind", UNIQUE)
def test_memory_is_flat(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that is unique to a request stays in memory, is a warning, or is logged."""
    app = _hosts_app()
    environs = UNIQUE[kind]

    def serve(start: int, stop: int) -> int:
        for number in range(start, stop):
            send(app, **{"host": "shop.example", "path": "/", **environs(f"u{number}")})
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = serve(0, 300)  # fills the bounded caches
        after = serve(300, 600)
    finally:
        tracemalloc.stop()
    assert after - before < 60_000  # 300 requests of 3 kB would be 900 kB
    assert caplog.records == []


@pytest.mark.parametrize("protocol", ["HTTP/1", "HTTP/1.0", "HTTP/1.1"])
def test_no_host_under_granian(protocol: str) -> None:
    """Granian passes an empty host if there is none; HTTP/1.0 needs none, HTTP/1.1 does (RFC 9112, 3.2)."""
    app = Cocopot("hosts", autoload=False)
    app.add_url_rule("/", "index", lambda: request.host)
    environ = {**create_environ(), "HTTP_HOST": "", "SERVER_PROTOCOL": protocol}
    for known_protocol in "HTTP/1.0", protocol:  # what is known of one host must not serve another
        body, status, _ = run_wsgi_app(app, {**environ, "SERVER_PROTOCOL": known_protocol})
    if protocol == "HTTP/1.1":
        assert status == "400 BAD REQUEST"
    else:
        assert (status, b"".join(body)) == ("200 OK", b"localhost")
