"""The Router: a Map that matches a request without an adapter."""

from __future__ import annotations

import itertools
import threading
from typing import Any, ClassVar, cast

import pytest
from werkzeug.exceptions import BadHost, HTTPException, InternalServerError, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, Map, RequestRedirect, Submount, ValidationError
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing.exceptions import WebsocketMismatch

from cocopot import Cocopot
from cocopot.routing import Router, Rule
from cocopot.routing.plans import _undecided
from cocopot.routing.table import MAX_HOSTS


def environ(path: str = "/", method: str = "GET", **more: Any) -> dict[str, Any]:
    return {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "example.com",
        "REQUEST_METHOD": method,
        "PATH_INFO": path.encode().decode("latin1"),
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        **more,
    }


def match(router: Router, path: str, method: str = "GET", **more: Any) -> tuple[Any, dict[str, Any]]:
    """Match twice: the first match of a host goes through Werkzeug's adapter, the second does not."""
    outcomes: list[Any] = []
    for _ in range(2):
        try:
            rule, arguments = router.match_request(environ(path, method, **more), path, method)
            outcomes.append((rule.endpoint, arguments))
        except Exception as error:  # noqa: BLE001 - raised below
            outcomes.append(error)
    first, second = outcomes
    if isinstance(second, Exception):
        assert type(first) is type(second)
        raise second
    assert first == second
    assert first[1] is not second[1]
    result: tuple[Any, dict[str, Any]] = second
    return result


def test_static_rule() -> None:
    """A rule without variables is found by its path, with new arguments each time."""
    router = Router([Rule("/", endpoint="index"), Rule("/a/b", endpoint="ab", defaults={"page": 1})])
    assert match(router, "/") == ("index", {})
    assert match(router, "/a/b") == ("ab", {"page": 1})


def test_variables_are_converted() -> None:
    """The values of variables are converted as Werkzeug's converters do."""
    router = Router([Rule("/u/<int:id>/<any(x, y):kind>/<name>", endpoint="u")])
    assert match(router, "/u/07/y/é") == ("u", {"id": 7, "kind": "y", "name": "é"})


def test_methods_choose_among_rules() -> None:
    """Of rules with one path the method chooses; HEAD belongs to GET."""
    router = Router(
        [Rule("/<int:a>", endpoint="read", methods=["GET"]), Rule("/<int:b>", endpoint="any")],
    )
    assert match(router, "/1", "HEAD") == ("read", {"a": 1})
    assert match(router, "/1", "POST") == ("any", {"b": 1})
    assert match(router, "/1", "get") == ("read", {"a": 1})


@pytest.mark.parametrize("path", ["/a", "/a/1"])
def test_wrong_method(path: str) -> None:
    """A method that no rule takes is refused with those that are taken."""
    router = Router([Rule("/a", methods=["GET"]), Rule("/a/<int:b>", methods=["GET"])])
    with pytest.raises(MethodNotAllowed) as caught:
        match(router, path, "POST")
    assert set(caught.value.valid_methods or ()) == {"GET", "HEAD"}


def refused(router: Router, path: str, method: str) -> set[str]:
    with pytest.raises(MethodNotAllowed) as caught:
        match(router, path, method)
    assert isinstance(caught.value.valid_methods, list)
    methods = set(caught.value.valid_methods)
    caught.value.valid_methods.append("CHANGED")
    return methods


@pytest.mark.parametrize("path", ["/", "/a"])
def test_wrong_method_of_a_page(path: str) -> None:
    """However often a page refuses a method, the methods are those taken, and another may be taken."""
    router = Router([Rule(path, methods=["GET"]), Rule("/<path:p>", methods=["PATCH"])])
    allowed = {"GET", "HEAD"} if path == "/" else {"GET", "HEAD", "PATCH"}
    for _ in range(2):
        assert [refused(router, path, method) for method in ("POST", "post", "MINE")] == [allowed] * 3
    if path == "/a":
        assert match(router, path, "PATCH")[1] == {"p": "a"}


def test_wrong_method_where_a_slash_is_missing() -> None:
    """A page refuses one method, and redirects another to the path with a slash."""
    router = Router([Rule("/a", methods=["GET"]), Rule("/a/", methods=["PUT"])])
    assert refused(router, "/a", "POST") == {"GET", "HEAD"}
    with pytest.raises(RequestRedirect):
        match(router, "/a", "PUT")


def test_refusals_are_bounded() -> None:
    """However many methods and paths a client names, only pages and standard methods are remembered."""
    router = Router([Rule("/a", methods=["GET"]), Rule("/<int:n>", methods=["GET"])])
    for number in range(50):
        refused(router, "/a", f"M{number}")
        refused(router, f"/{number}", "POST")
    refused(router, "/a", "POST")
    assert list(router._matcher.current().domains[""].method_not_allowed) == [("/a", "POST")]


def test_one_path_with_other_names() -> None:
    """Where the method decides on the rule, each rule has its own names, limits and defaults."""
    router = Router(
        [
            Rule("/<int:a>", endpoint="get", methods=["GET"]),
            Rule("/<int:a>", endpoint="delete", methods=["DELETE"]),
            Rule("/<int(max=5):b>", endpoint="put", methods=["PUT"], defaults={"d": 1}),
            Rule("/u/<u>", endpoint="read", methods=["GET"]),
            Rule("/u/<u>", endpoint="write", methods=["PUT"], defaults={"d": 1}),
        ]
    )
    assert [match(router, "/7", method)[0] for method in ("GET", "HEAD", "DELETE")] == [
        "get",
        "get",
        "delete",
    ]
    assert match(router, "/5", "PUT") == ("put", {"b": 5, "d": 1})
    assert match(router, "/u/x") == ("read", {"u": "x"})
    assert match(router, "/u/x", "PUT") == ("write", {"u": "x", "d": 1})
    assert refused(router, "/7", "POST") == {"GET", "HEAD", "DELETE", "PUT"}
    assert refused(router, "/7", "PUT") == {"GET", "HEAD", "DELETE"}


@pytest.mark.parametrize("path", ["", "*", "a", "a/1"])
def test_path_without_a_slash(path: str) -> None:
    """A path that does not begin with a slash is read as Werkzeug's adapter reads it."""
    rules = [("/", "index"), ("/<a>", "a"), ("/<a>/<int:b>", "b")]
    router = Router([Rule(rule, endpoint=endpoint) for rule, endpoint in rules])
    adapter = Map([WerkzeugRule(rule, endpoint=endpoint) for rule, endpoint in rules]).bind("example.com")
    if path:
        assert match(router, path) == adapter.match(path)
    else:
        with pytest.raises(RequestRedirect):
            match(router, path)


def test_many_segments() -> None:
    """A rule and a path may have any number of segments."""
    router = Router([Rule("/a" * n + "/<b>/c", endpoint=n) for n in range(1, 40)])
    for number in range(1, 40):
        assert match(router, "/a" * number + "/x/c") == (number, {"b": "x"})
    with pytest.raises(NotFound):
        match(router, "/a" * 40 + "/x/c")


def test_rules_of_one_shape_share_a_reader() -> None:
    """What reads variables is compiled for a shape; names, defaults and limits are each rule's own."""
    rules = [Rule(f"/r{n}/<int(max={n}):v{n}>", endpoint=n, defaults={"d": n}) for n in range(20)]
    router = Router([*rules, Rule("/other/<int:v>/<w>", endpoint="other")])
    assert [match(router, f"/r{n}/{n}") for n in range(20)] == [(n, {f"v{n}": n, "d": n}) for n in range(20)]
    with pytest.raises(NotFound):
        match(router, "/r3/4")
    prefixes, _, _ = router._matcher.current().domains[""].prefix
    readers = {plan[0] for n in range(20) if prefixes and (plan := prefixes[f"r{n}"][1][3])}
    assert len(readers) == 1


@pytest.mark.parametrize("path", ["/b", "/a/x", "/a/1/c", "/a/1\n", "//b", "/" * 5000, "/a" * 50_000])
def test_nothing_matches(path: str) -> None:
    """A path of no rule is not found, however long it is."""
    router = Router([Rule("/a", merge_slashes=False), Rule("/a/<int:b>"), Rule("/a/a/<path:p>/z")])
    with pytest.raises(NotFound):
        match(router, path)


def test_number_too_long_for_int() -> None:
    """A number of more digits than Python reads is not found."""
    router = Router([Rule("/<int:a>"), Rule("/x/<int(min=1):a>")])
    for path in ("/" + "9" * 5000, "/x/" + "9" * 5000):
        with pytest.raises(NotFound):
            match(router, path)


def test_converter_that_fails() -> None:
    """A ValueError of a converter that is not a refusal reaches the caller."""

    class Month(BaseConverter):
        def to_python(self, value: str) -> int:
            return ["jan", "feb"].index(value)

    router = Router([Rule("/<month:m>", endpoint="m")], converters={"month": Month})
    assert match(router, "/feb") == ("m", {"m": 1})
    with pytest.raises(ValueError, match="not in list"):
        match(router, "/mar")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/a", "http://example.com/a/?q=1"),
        ("//a//1", "http://example.com/a/1?q=1"),
        ("/old/7", "http://example.com/new/7"),
        ("/all/1", "http://example.com/all?q=1"),
        ("/alias", "http://example.com/all?q=1"),
    ],
)
def test_redirects(path: str, url: str) -> None:
    """Slashes, redirecting rules, defaults and aliases redirect as in Werkzeug."""
    router = Router(
        [
            Rule("/a/"),
            Rule("/a/<int:n>", endpoint="a"),
            Rule("/old/<int:n>", redirect_to="new/<n>"),
            Rule("/all", defaults={"page": 1}, endpoint="all"),
            Rule("/all/<int:page>", endpoint="all"),
            Rule("/alias", defaults={"page": 1}, endpoint="all", alias=True),
        ]
    )
    with pytest.raises(RequestRedirect) as caught:
        match(router, path, QUERY_STRING="q=1")
    assert caught.value.new_url == url


def test_empty_path_info() -> None:
    """An application requested without its slash redirects there, also if the path is "/"."""
    router = Router([Rule("/", endpoint="index")])
    assert match(router, "/", SCRIPT_NAME="/app")[0] == "index"
    with pytest.raises(RequestRedirect) as caught:
        match(router, "/", SCRIPT_NAME="/app", PATH_INFO="")
    assert caught.value.new_url == "http://example.com/app/"


def test_websocket() -> None:
    """A request for a WebSocket finds WebSocket rules only, and others do not find them."""
    router = Router([Rule("/ws", endpoint="ws", websocket=True), Rule("/<int:a>", endpoint="http")])
    upgrade = {"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}
    assert match(router, "/ws", **upgrade) == ("ws", {})
    assert match(router, "/1") == ("http", {"a": 1})
    for path, headers in (("/ws", {}), ("/1", upgrade)):
        with pytest.raises(WebsocketMismatch):
            match(router, path, **headers)


def test_host_matching() -> None:
    """With host matching each host has its rules."""
    router = Router(
        [Rule("/<a>", endpoint="a", host="a.org"), Rule("/<b>", endpoint="b", host="<name>.org")],
        host_matching=True,
    )
    assert match(router, "/x", HTTP_HOST="a.org") == ("a", {"a": "x"})
    assert match(router, "/x", HTTP_HOST="c.org") == ("b", {"name": "c", "b": "x"})


def test_subdomain() -> None:
    """The subdomain is what the host has more than the server name, unless it is passed."""
    router = Router([Rule("/", endpoint="main"), Rule("/", endpoint="api", subdomain="api")])
    for _ in range(2):
        api = environ(HTTP_HOST="api.example.com")
        assert router.match_request(api, "/", "GET", "example.com")[0].endpoint == "api"
        assert router.match_request(environ(), "/", "GET", "example.com")[0].endpoint == "main"
        assert router.match_request(environ(), "/", "GET", None, "api")[0].endpoint == "api"


@pytest.mark.parametrize("rest", ["a", "a/b", "a//b/", "a\n", "\na", "a/\nb/c", "/a", "", "a/" * 30])
def test_the_rest_of_a_path(rest: str) -> None:
    """A path at the end of a rule is found without a walk where that finds what Werkzeug does."""
    rules = [("/f/<int:n>/<path:p>", ["GET"]), ("/f/<path:q>", None), ("/f/a", None)]
    router = Router([Rule(string, endpoint=string, methods=methods) for string, methods in rules])
    oracle = Map([WerkzeugRule(string, endpoint=string, methods=methods) for string, methods in rules])
    for path in (f"/f/{rest}", f"/f/7/{rest}"):
        for method in ("GET", "POST"):
            try:
                expected = oracle.bind("example.com").match(path, method)
            except HTTPException as error:
                with pytest.raises(type(error)):
                    match(router, path, method)
                continue
            assert match(router, path, method) == expected
            found = router.match_plain(environ(path, method), {"SERVER_NAME": None, "TRUSTED_HOSTS": None})
            assert found is None or (isinstance(found, tuple) and (found[0].endpoint, found[1]) == expected)
            assert found is not None or method == "POST" or path not in {"/f/7/a", "/f/7/a/b", "/f/7/a//b/"}


def test_bad_host() -> None:
    """A host that cannot be a name is refused."""
    with pytest.raises(BadHost):
        match(Router([Rule("/")]), "/", HTTP_HOST="a..b")


@pytest.mark.parametrize("is_matched", [True, False])
def test_hosts_are_bounded(is_matched: bool) -> None:
    """However a client spells a host, only so many are remembered."""
    router = Router([Rule("/", endpoint="index", host="abcdefghi.org")], host_matching=is_matched)
    spellings = list(itertools.product(*zip("abcdefghi", "ABCDEFGHI", strict=True)))[: MAX_HOSTS + 3]
    for letters in spellings:
        assert match(router, "/", HTTP_HOST=f"{''.join(letters)}.org") == ("index", {})
    with pytest.raises(BadHost):
        match(router, "/", HTTP_HOST="x." * 1000 + "org")
    assert len(router.table.hosts["http"]) == 3


def test_trusted_hosts_are_bounded() -> None:
    """Of the hosts that TRUSTED_HOSTS accepts as subdomains, only so many are remembered."""
    router = Router([Rule("/", endpoint="index")])
    config = {"SERVER_NAME": None, "TRUSTED_HOSTS": [".example.com"]}
    assert router.table is not None
    for number in range(MAX_HOSTS + 3):
        assert router.match_plain(environ(HTTP_HOST=f"h{number}.example.com"), config) is not None
    assert len(router.table._trust[1]) == 3


@pytest.mark.parametrize("host", ["example.com.evil.org", "evil.org", "a..example.com", "", "example.com,a"])
def test_plain_matching_of_hosts_that_are_not_trusted(host: str) -> None:
    """A host that is not trusted, or not valid, is left to the full check."""
    router = Router([Rule("/", endpoint="index")])
    config: dict[str, Any] = {"SERVER_NAME": None, "TRUSTED_HOSTS": ["example.com"]}
    assert router.table is not None
    assert router.match_plain(environ(HTTP_HOST="example.com"), config) is not None
    assert router.match_plain(environ(HTTP_HOST=host), config) is None
    config["TRUSTED_HOSTS"].remove("example.com")
    assert router.match_plain(environ(HTTP_HOST="example.com"), config) is None


def test_add_after_match() -> None:
    """A rule added later is found, and comes before others where Werkzeug states so."""
    router = Router([Rule("/<a>", endpoint="any")])
    assert match(router, "/new") == ("any", {"a": "new"})
    router.add(Submount("/sub", [Rule("/<int:a>", endpoint="sub", provide_automatic_options=True)]))
    router.add(Rule("/new", endpoint="new"))
    assert match(router, "/new") == ("new", {})
    rule, _ = router.match_request(environ("/sub/1"), "/sub/1", "GET")
    assert (rule.endpoint, rule.provide_automatic_options) == ("sub", True)


def test_it_is_a_map() -> None:
    """Adapters, iteration and questions about endpoints work as on any Map."""
    router = Router([Rule("/<int:a>", endpoint="a"), Rule("/gone", endpoint="gone", build_only=True)])
    adapter = router.bind("example.com")
    assert adapter.match("/1") == ("a", {"a": 1})
    assert adapter.build("gone", {"q": 1}) == "/gone?q=1"
    assert [rule.endpoint for rule in router.iter_rules()] == ["a", "gone"]
    assert router.is_endpoint_expecting("a", "a")
    with pytest.raises(NotFound):
        adapter.match("/gone")


def test_many_rules_with_one_beginning() -> None:
    """Rules that differ only after a variable are all found, those beyond the plans, too."""
    texts = ["x", "<int:b>", "y-<b>", "<float:b>", "z", "<uuid:b>", "<any(k, l):b>", "w", "<b>", "<path:b>"]
    router = Router([Rule(f"/<a>/{text}/{n}", endpoint=n) for n, text in enumerate(texts * 3)])
    assert match(router, "/q/x/20") == (20, {"a": "q"})
    assert match(router, "/q/l/26") == (26, {"a": "q", "b": "l"})
    assert match(router, "/q/l/m/29") == (29, {"a": "q", "b": "l/m"})


def test_more_rules_than_plans_before_an_index() -> None:
    """No plan is tried in vain where an index finds the few rules that can match; others stay as they are."""
    rules = [Rule(f"/<any(a{n}, b{n}):v>/{n % 3}", endpoint=n) for n in range(30)]
    router = Router([*rules, Rule("/<int:v>", endpoint="int"), Rule("/<v>/x/y", endpoint="text")])
    plans = router.table.domains[""].prefix[1]
    assert plans[3] == (_undecided,)
    assert plans[2] is not None
    assert plans[4] is not None
    assert [match(router, f"/b{n}/{n % 3}") for n in range(30)] == [(n, {"v": f"b{n}"}) for n in range(30)]
    assert match(router, "/7") == ("int", {"v": 7})
    assert match(router, "/a1/x/y") == ("text", {"v": "a1"})
    with pytest.raises(NotFound):
        match(router, "/a1/2")


def test_rules_added_while_others_match() -> None:
    """Matches in other threads always find the rules that were there before."""
    router = Router([Rule("/<name>/here", endpoint="here"), Rule("/<path:rest>", endpoint="rest")])
    wrong: list[object] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            for path in ("/x/here", "/x/y/z"):
                rule, _ = router.match_request(environ(path), path, "GET")
                if rule.endpoint != ("here" if path == "/x/here" else "rest"):
                    wrong.append(rule)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(80):
        router.add(Rule(f"/<int:n>/r{number}", endpoint=number))
        assert router.match_request(environ(), f"/5/r{number}", "GET")[1] == {"n": 5}
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_restricted_router_keeps_all_that_its_rules_say() -> None:
    """The rules of a restricted router are copies that differ in nothing."""
    rule = Rule("/socket", endpoint="socket", websocket=True, merge_slashes=False, added_by="plugin")
    (copied,) = Router([rule]).restricted_to([rule]).iter_rules()
    assert isinstance(copied, Rule)
    assert (copied.websocket, copied.merge_slashes, copied.added_by) == (True, False, "plugin")


def test_what_an_unknown_endpoint_expects() -> None:
    """It has no variables, so that URL default functions leave the error to the building of the URL."""
    router = Router([Rule("/<language>/", endpoint="index")])
    assert router.is_endpoint_expecting("index", "language")
    assert not router.is_endpoint_expecting("index", "number")
    assert not router.is_endpoint_expecting("nowhere", "language")


class Counted(BaseConverter):
    """A converter that records what it has converted."""

    converted: ClassVar[list[str]] = []

    def to_python(self, value: str) -> str:
        self.converted.append(value)
        if value == "bad":
            raise ValidationError
        if value == "broken":
            raise ValueError(value)
        return value.upper()


@pytest.mark.parametrize(
    ("text", "expected"), [("good", b"GOOD 7"), ("bad", NotFound.code), ("broken", InternalServerError.code)]
)
def test_an_own_converter_is_called_once(text: str, expected: bytes | int) -> None:
    """A converter of an application may have side effects: each request calls it once, whatever it raises."""
    app = Cocopot(__name__, autoload=False, static_folder=None)
    app.router.converters["counted"] = Counted
    app.add_url_rule("/<counted:name>/<int:number>", "name", lambda name, number: f"{name} {number}")
    client = app.test_client()
    client.get("/first/1")
    Counted.converted.clear()
    response = client.get(f"/{text}/7")
    assert expected in {response.data, response.status_code}
    assert Counted.converted == [text]


@pytest.mark.parametrize("path", ["/folder", "/f\u00f6lder", "/7"])
@pytest.mark.parametrize("query", ["", "a=%2F&b=\u00e9", "a=\r\n"])
@pytest.mark.parametrize("host", ["localhost", "LocalHost:8080", "localhost:80", "localhost:080", "[::1]:81"])
def test_the_redirect_for_a_slash(path: str, query: str, host: str) -> None:
    """Status and location are those of the adapter, and need no walk."""
    router = Router([Rule(string, endpoint=string) for string in ("/folder/", "/f\u00f6lder/", "/<int:n>/")])
    changes = {"HTTP_HOST": host, "QUERY_STRING": query.encode().decode("latin1"), "SCRIPT_NAME": "/app"}
    request = environ(path, **changes)
    with pytest.raises(RequestRedirect) as expected:
        router.bind_to_environ(request).match()
    location = expected.value.new_url
    for _ in range(2):
        with pytest.raises(RequestRedirect) as error:
            router.match_request(request, path, "GET")
        assert (error.value.code, error.value.new_url) == (308, location)
    found = router.match_plain(request, {"SERVER_NAME": None, "TRUSTED_HOSTS": None})
    assert cast("RequestRedirect", found).new_url == location
