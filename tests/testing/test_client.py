from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
import werkzeug.test
from werkzeug.test import create_environ

from cocopot import Cocopot, Request, Response, g, hookimpl, redirect, request
from cocopot.json import DefaultJSONProvider
from cocopot.testing import Client, CliRunner, EnvironBuilder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("tests_of_testing", autoload=False)
    app.testing = True

    @app.route("/echo", methods=["GET", "POST"])
    def echo() -> dict[str, Any]:
        return {
            "url": request.url,
            "method": request.method,
            "body": request.get_data(as_text=True),
            "address": request.remote_addr,
            "marked": request.environ.get("mark"),
            "header": request.headers.get("X-Mark"),
        }

    app.add_url_rule("/hop/<int:n>", "hop", lambda n: redirect(f"/hop/{n - 1}" if n else "/echo"))
    return app


class TestOpen:
    def test_methods(self, app: Cocopot) -> None:
        """The client has a method for each HTTP method, and keeps the application's response class."""
        client = app.test_client()
        assert isinstance(client, Client)
        assert client.get("/echo").json["method"] == "GET"  # type: ignore[index]
        assert client.post("/echo", data="x").json["body"] == "x"  # type: ignore[index]
        assert isinstance(client.get("/echo"), Response)

    def test_json(self, app: Cocopot) -> None:
        """`json=` is written, and the response's `json` read, by the application's provider."""

        class Loud(DefaultJSONProvider):
            def dumps(self, obj: Any, **kwargs: Any) -> str:
                return super().dumps(obj, **kwargs).replace('"a"', '"A"')

            def loads(self, s: str | bytes | bytearray, **kwargs: Any) -> Any:
                return ["read", super().loads(s, **kwargs)]

        app.json = Loud(app)
        app.add_url_rule("/own", "own", lambda: request.get_data(as_text=True).strip(), methods=["POST"])
        assert app.test_client().post("/own", json={"a": "b"}).data == b'{"A": "b"}'
        assert app.test_client().get("/echo").json[0] == "read"  # type: ignore[index]

    @pytest.mark.parametrize(
        ("path", "options", "url"),
        [
            ("/echo?a=1", {}, "http://localhost/echo?a=1"),
            ("/echo", {"query_string": {"a": "ü"}}, "http://localhost/echo?a=ü"),
            ("/echo", {"base_url": "https://h.example:8000/"}, "https://h.example:8000/echo"),
            ("/echo", {"url_scheme": "https"}, "https://localhost/echo"),
            ("/echo", {"subdomain": "api"}, "http://api.localhost/echo"),
            ("https://h.example/echo?a=1", {}, "https://h.example/echo?a=1"),
            ("//h.example/echo", {}, "http://h.example/echo"),
        ],
    )
    def test_url(self, app: Cocopot, path: str, options: dict[str, Any], url: str) -> None:
        """Scheme, host and query come from the path or from arguments."""
        assert app.test_client().get(path, **options).json["url"] == url  # type: ignore[index]

    def test_configured_url(self, app: Cocopot) -> None:
        """By default they come from the configuration, and a subdomain is a prefix of SERVER_NAME."""
        app.config.update(SERVER_NAME="h.example", APPLICATION_ROOT="/mount", PREFERRED_URL_SCHEME="https")
        builder = EnvironBuilder(app, "/echo", subdomain="api")
        assert builder.base_url == "https://api.h.example/mount/"
        assert app.test_client().get("/echo").json["url"] == "https://h.example/mount/echo"  # type: ignore[index]

    @pytest.mark.parametrize(
        "options",
        [
            {"base_url": "http://x/", "subdomain": "a"},
            {"base_url": "http://x/", "url_scheme": "https"},
            {"path": "http://x/", "subdomain": "a"},
            {"path": "//x/", "url_scheme": "https"},
        ],
    )
    def test_contradiction(self, app: Cocopot, options: dict[str, Any]) -> None:
        """Arguments that define the host twice are an error."""
        with pytest.raises(TypeError, match="but not both"):
            app.test_client().get(**options)

    def test_environ_base(self, app: Cocopot) -> None:
        """The variables of `environ_base` are part of each request, unless the request overrides them."""
        client = app.test_client()
        assert client.get("/echo").json["address"] == "127.0.0.1"  # type: ignore[index]
        client.environ_base["mark"] = "all"
        assert client.get("/echo").json["marked"] == "all"  # type: ignore[index]
        answer: Any = client.get("/echo", environ_base={"mark": "one", "REMOTE_ADDR": "10.0.0.1"}).json
        assert (answer["marked"], answer["address"]) == ("one", "10.0.0.1")

    def test_user_agent(self, app: Cocopot) -> None:
        """Requests have a User-Agent, which a request or the client may set."""
        app.add_url_rule("/agent", "agent", lambda: request.user_agent.string)
        client = app.test_client()
        assert client.get("/agent").text.startswith("Werkzeug/3.")
        assert client.get("/agent", headers={"User-Agent": "own"}).text == "own"
        del client.environ_base["HTTP_USER_AGENT"]
        assert client.get("/agent").text == ""

    @pytest.mark.parametrize(
        "make",
        [
            lambda app: EnvironBuilder(app, "/echo", method="POST", data="x", headers=[("X-Mark", "h")]),
            lambda app: werkzeug.test.EnvironBuilder(
                "/echo", method="POST", data="x", headers=[("X-Mark", "h")]
            ),
            lambda app: create_environ("/echo", method="POST", data="x", headers=[("X-Mark", "h")]),
            lambda app: Request(create_environ("/echo", method="POST", data="x", headers=[("X-Mark", "h")])),
        ],
    )
    def test_made_before(self, app: Cocopot, make: Callable[[Cocopot], Any]) -> None:
        """A builder, an environment or a request can be sent, with the variables of `environ_base`."""
        client = app.test_client()
        client.environ_base["mark"] = "base"
        given = make(app)
        answer: Any = client.open(given).json
        assert (answer["method"], answer["body"], answer["header"]) == ("POST", "x", "h")
        assert (answer["address"], answer["marked"]) == ("127.0.0.1", "base")

    def test_made_before_is_left_alone(self, app: Cocopot) -> None:
        """What was sent inside a block keeps nothing of it, and can be sent again outside."""
        client = app.test_client()
        builder = EnvironBuilder(app, "/echo")
        with client:
            sent = client.open(builder).request
        for again in (builder, sent, sent.environ):
            client.open(again)
            assert not g

    def test_request_environ_wins(self, app: Cocopot) -> None:
        """The variables of an environment are kept, even those that a builder does not know."""
        environ = {**create_environ("/echo"), "mark": "own", "REMOTE_ADDR": "10.0.0.9"}
        answer: Any = app.test_client().open(environ).json
        assert (answer["marked"], answer["address"]) == ("own", "10.0.0.9")
        assert "HTTP_COOKIE" not in environ

    def test_files(self, app: Cocopot, tmp_path: Path) -> None:
        """Files are uploaded from memory or from a path."""
        (tmp_path / "b.txt").write_bytes(b"from disk")

        @app.post("/upload")
        def upload() -> dict[str, str]:
            return {name: file.read().decode() for name, file in request.files.items()}

        data = {"a": (io.BytesIO(b"from memory"), "a.txt"), "b": (tmp_path / "b.txt").open("rb")}
        assert app.test_client().post("/upload", data=data).json == {"a": "from memory", "b": "from disk"}

    def test_twice_inside_itself(self, app: Cocopot) -> None:
        """The block of a client cannot be entered again inside itself, but after its end."""
        client = app.test_client()
        with client, pytest.raises(RuntimeError, match="cannot be entered twice"):
            client.__enter__()
        with client:
            client.get("/echo")
            assert request.path == "/echo"

    def test_json_provider(self, app: Cocopot) -> None:
        """The provider is not created before a response is read as JSON."""
        app.add_url_rule("/text", "text", lambda: '{"a": 1}')
        response = app.test_client().get("/text")
        assert "json" not in vars(app)
        assert response.get_json(force=True) == {"a": 1}
        assert "json" in vars(app)


class TestRedirects:
    def test_followed(self, app: Cocopot) -> None:
        """Redirects are followed on demand, with the variables of `environ_base`, and are recorded."""
        client = app.test_client()
        assert client.get("/hop/1").headers["Location"] == "/hop/0"
        response: Any = client.get("/hop/1", follow_redirects=True, environ_base={"REMOTE_ADDR": "127.0.0.1"})
        assert response.json["url"] == "http://localhost/echo"
        assert response.json["address"] == "127.0.0.1"
        assert [hop.request.path for hop in response.history] == ["/hop/1", "/hop/0"]

    def test_in_a_block(self, app: Cocopot) -> None:
        """Inside a block the last of them is the current request, and each is torn down once."""
        ends: list[str] = []
        app.teardown_request(lambda exc: ends.append(request.path))
        with app.test_client() as client:
            client.get("/hop/1", follow_redirects=True)
            assert request.path == "/echo"
        assert sorted(ends) == ["/echo", "/hop/0", "/hop/1"]


class TestCookies:
    def test_kept(self, app: Cocopot) -> None:
        """Cookies are stored between requests, unless use_cookies is off."""

        @app.get("/count")
        def count() -> Response:
            number = int(request.cookies.get("n", 0)) + 1
            response = Response(str(number))
            response.set_cookie("n", str(number))
            return response

        client = app.test_client()
        assert [client.get("/count").text for _ in "abc"] == ["1", "2", "3"]
        cookie: Any = client.get_cookie("n")
        assert cookie.value == "3"
        client.set_cookie("n", "9")
        assert client.get("/count").text == "10"
        forgetful = app.test_client(use_cookies=False)
        assert [forgetful.get("/count").text for _ in "ab"] == ["1", "1"]


class TestCliRunner:
    def test_plugin_command(self) -> None:
        """The runner runs the application's commands, including those of plugins."""

        class Plugin:
            @hookimpl
            def cocopot_register_commands(self, app: Cocopot, cli: click.Group) -> None:
                @cli.command()
                @click.argument("name")
                def hello(name: str) -> None:
                    click.echo(f"{name} of {app.name}")

        app = Cocopot("tests_of_testing", autoload=False, plugins=[Plugin()])
        runner = app.test_cli_runner()
        assert isinstance(runner, CliRunner)
        assert runner.invoke(args=["hello", "eva"]).output == "eva of tests_of_testing\n"
        assert runner.invoke(args="hello ina").output == "ina of tests_of_testing\n"

    def test_given_command(self, app: Cocopot) -> None:
        """A command that is passed is run instead, with the other arguments of click."""

        @click.command()
        def ask() -> None:
            click.echo(sys.stdin.read().upper())

        runner = app.test_cli_runner(env={"A": "b"})
        assert runner.env == {"A": "b"}
        assert runner.invoke(ask, input="abc").output == "ABC\n"
