"""The start and the end of an application."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, current_app, g, hookimpl, url_for
from cocopot.context import has_app_context
from cocopot.exceptions import ConfigError
from cocopot.registry.callbacks import TEARDOWN_APP_CONTEXT, FunctionList
from tests.processes import run_script

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.name = f"app.{request.node.name}"
    app.add_url_rule("/", view_func=index)
    return app


@pytest.fixture
def calls() -> list[str]:
    return []


def index() -> str:
    return "index"


class TestStart:
    def test_invalid_configuration(self, app: Cocopot, calls: list[str]) -> None:
        """Invalid values of the core's keys are one error, before any startup function runs."""
        app.on_startup(lambda: calls.append("startup"))
        app.config.update(MAX_CONTENT_LENGTH="abc", TRUSTED_HOSTS="shop.example")
        with pytest.raises(ConfigError, match=r"(?s)MAX_CONTENT_LENGTH = 'abc'.*TRUSTED_HOSTS = 'shop"):
            app.start()
        assert (calls, app.started) == ([], False)
        app.config.update(MAX_CONTENT_LENGTH=3, TRUSTED_HOSTS=None)
        assert app.test_client().post("/", data="long").status_code == 405
        with pytest.raises(ConfigError, match="MAX_CONTENT_LENGTH = 'abc'"):
            app.config["MAX_CONTENT_LENGTH"] = "abc"

    @pytest.mark.parametrize("limit", ["30", -1, 0.5, float("nan"), timedelta(seconds=5), [30]])
    def test_invalid_startup_timeout(self, app: Cocopot, limit: object) -> None:
        """The key that the start itself uses is checked like the others."""
        app.config["STARTUP_TIMEOUT"] = limit
        with pytest.raises(ConfigError, match="STARTUP_TIMEOUT = "):
            app.test_client().get("/")

    @pytest.mark.parametrize("key", ["SERVER_NAME", "APPLICATION_ROOT", "PREFERRED_URL_SCHEME"])
    def test_invalid_configuration_before_startup(self, app: Cocopot, key: str) -> None:
        """What is used without a request is checked there: test clients, contexts, and URLs."""
        app.config.update({"SERVER_NAME": "shop.example", key: 5})
        with pytest.raises(ConfigError, match=f"{key} = 5"):
            app.test_client().get("/")
        with pytest.raises(ConfigError, match=f"{key} = 5"):
            app.test_request_context("/")
        with app.app_context(), pytest.raises(ConfigError, match=f"{key} = 5"):
            url_for("index")

    def test_once_before_the_first_request(self, app: Cocopot, calls: list[str]) -> None:
        """Startup functions run once, before the first request, with the final configuration."""
        app.on_startup(lambda: calls.append(app.config["SIZE"]))
        app.before_request(lambda: calls.append("request"))
        app.config["SIZE"] = "final"
        assert (calls, app.started) == ([], False)
        app.test_client().get("/")
        app.test_client().get("/missing")
        assert (calls, app.started) == (["final", "request", "request"], True)

    def test_in_an_application_context(self, app: Cocopot, calls: list[str]) -> None:
        """They run in an application context, and not in that of the request."""

        @app.on_startup
        def look() -> None:
            calls.append(current_app.name)
            g.made_at_startup = True

        app.add_url_rule("/g", "g", lambda: str("made_at_startup" in g))
        assert app.test_client().get("/g").text == "False"
        assert calls == [app.name]

    def test_threads(self, app: Cocopot, calls: list[str]) -> None:
        """Of threads that race for the first request one starts the application; the others wait."""
        number = 8
        barrier = threading.Barrier(number)
        begun = threading.Event()

        def start_up() -> None:
            calls.append("begin")
            begun.wait(0.05)
            calls.append("end")

        def send() -> None:
            barrier.wait()
            calls.append(app.test_client().get("/").text)

        app.on_startup(start_up)
        threads = [threading.Thread(target=send) for _ in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert calls == ["begin", "end", *["index"] * number]

    def test_failure_is_tried_again(self, app: Cocopot, calls: list[str]) -> None:
        """A startup that fails reaches the server, and the next request tries again."""

        @app.on_startup
        def connect() -> None:
            calls.append("connect")
            if len(calls) == 1:
                raise OSError("no database")

        with pytest.raises(OSError, match="no database"):
            app.test_client().get("/")
        assert app.started is False
        assert not has_app_context()
        assert app.test_client().get("/").text == "index"
        assert calls == ["connect", "connect"]

    def test_request_at_startup(self, app: Cocopot, calls: list[str]) -> None:
        """A startup function may send a request to the application, which does not start it again."""
        app.on_startup(lambda: calls.append(app.test_client().get("/").text))
        app.test_client().get("/")
        assert calls == ["index"]

    def test_order(self, calls: list[str]) -> None:
        """Plugins start before the application's functions, and shut down after them."""

        class Pool:
            @hookimpl
            def cocopot_startup(self) -> None:
                calls.append("plugin up")

            @hookimpl
            def cocopot_shutdown(self) -> None:
                calls.append("plugin down")

        app = Cocopot(__name__, autoload=False, plugins=[Pool()])
        for name in ("first", "second"):
            app.on_startup(lambda name=name: calls.append(f"{name} up"))
            app.on_shutdown(lambda name=name: calls.append(f"{name} down"))
        app.start()
        app.close()
        up = ["plugin up", "first up", "second up"]
        assert calls == [*up, "second down", "first down", "plugin down"]

    def test_not_by_commands(self, app: Cocopot, calls: list[str]) -> None:
        """An application that only builds URLs is not started."""
        app.on_startup(lambda: calls.append("started"))
        app.config["SERVER_NAME"] = "shop.example"
        with app.app_context():
            assert url_for("index") == "http://shop.example/"
        assert calls == []


class TestClose:
    def test_once(self, app: Cocopot, calls: list[str]) -> None:
        """Closing runs the shutdown functions once, in an application context."""
        app.on_shutdown(lambda: calls.append(current_app.name))
        app.start()
        app.close()
        app.close()
        assert calls == [app.name]

    def test_only_if_started(self, app: Cocopot, calls: list[str]) -> None:
        """An application that has not been started has nothing to close."""
        app.on_shutdown(lambda: calls.append("down"))
        app.close()
        assert calls == []

    def test_started_again(self, app: Cocopot, calls: list[str]) -> None:
        """After closing, the next request starts the application again."""
        app.on_startup(lambda: calls.append("up"))
        app.on_shutdown(lambda: calls.append("down"))
        for _ in range(2):
            app.test_client().get("/")
            app.close()
        assert calls == ["up", "down"] * 2

    def test_every_one_runs(self, app: Cocopot, calls: list[str], caplog: pytest.LogCaptureFixture) -> None:
        """Errors stop no other shutdown function; they are logged by name and raised together."""

        def fail() -> None:
            raise OSError("stuck")

        app.on_shutdown(lambda: calls.append("first"))
        app.on_shutdown(fail)
        app.start()
        with pytest.raises(ExceptionGroup, match="1 of 2 implementations of cocopot_shutdown") as raised:
            app.close()
        assert [str(error) for error in raised.value.exceptions] == ["stuck"]
        assert calls == ["first"]
        assert "app.on_shutdown: " in caplog.text

    def test_at_the_end_of_the_process(self, tmp_path: Path) -> None:
        """When the process ends, a started application is closed."""
        text = (
            "from cocopot import Cocopot\n"
            "def make(name):\n"
            "    app = Cocopot(name, autoload=False)\n"
            "    app.on_shutdown(lambda: print(name, 'down'))\n"
            "    return app\n"
            "started, idle = make('started'), make('idle')\n"
            "started.test_client().get('/')\n"
            "print('end')\n"
        )
        assert run_script(tmp_path / "bakery.py", text).stdout.splitlines() == ["end", "started down"]

    def test_does_not_keep_the_application(self) -> None:
        """A started application that no code uses any more can go."""
        app = Cocopot(__name__, autoload=False)
        app.start()
        for number in range(40):  # more than CPython keeps without a dict
            setattr(app, f"attribute_{number}", number)
        reference = weakref.ref(app)
        del app
        gc.collect()
        assert reference() is None


class TestOtherThreads:
    def test_a_request_that_waits_too_long(
        self, app: Cocopot, caplog: pytest.LogCaptureFixture, calls: list[Any]
    ) -> None:
        """A startup that waits for a request of another thread ends; the request is a logged 503."""
        app.config["STARTUP_TIMEOUT"] = 0

        @app.on_startup
        def warm_up() -> None:
            with ThreadPoolExecutor(1) as pool:
                response = pool.submit(app.test_client().get, "/").result()
            calls.append((response.status_code, response.headers["Retry-After"]))

        assert app.test_client().get("/").text == "index"
        assert calls == [(503, "1")]
        (record,) = caplog.records
        assert f"at {__file__}:" in record.getMessage()
        assert 'response = pool.submit(app.test_client().get, "/").result()' in record.getMessage()

    @pytest.mark.parametrize("limit", [None, 10**30])
    def test_a_request_that_waits_long_enough(
        self, app: Cocopot, calls: list[Any], limit: int | None
    ) -> None:
        """It is served when the startup hooks have finished; without a limit it waits for any time."""
        app.config["STARTUP_TIMEOUT"] = limit
        begun = threading.Event()
        app.on_startup(begun.set)
        app.on_startup(lambda: calls.append("started"))
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(app.test_client().get, "/")
            assert begun.wait(10)
            calls.append(app.test_client().get("/").text)
            assert first.result().text == "index"
        assert calls == ["started", "index"]

    def test_registering_during_the_start(self, calls: list[Any]) -> None:
        """A plugin that another thread registers meanwhile is started after the start."""
        begun = threading.Event()

        class Late:
            @hookimpl
            def cocopot_setup(self, app: Cocopot) -> None:
                calls.append("set up")

            @hookimpl
            def cocopot_startup(self, app: Cocopot) -> None:
                calls.append(app.test_client().get("/").status_code)

        app = Cocopot(__name__, autoload=False)
        app.on_startup(begun.set)
        app.on_startup(lambda: app.plugins.register(type("Plain", (), {})()) and None)
        with ThreadPoolExecutor(2) as pool:
            start = pool.submit(app.start)
            assert begun.wait(10)
            pool.submit(app.plugins.register, Late()).result(10)
            start.result(10)
        assert calls == ["set up", 404]

    def test_registering_at_the_end(self, app: Cocopot, calls: list[Any]) -> None:
        """A plugin that a shutdown hook registers is not started."""

        class Late:
            @hookimpl
            def cocopot_startup(self) -> None:
                calls.append("started")

        app.on_shutdown(lambda: app.plugins.register(Late()))
        app.start()
        app.close()
        assert calls == []


class TestLate:
    def test_only_a_wrapper(self, calls: list[Any]) -> None:
        """A late plugin whose startup hook is a wrapper gets its call, too."""

        class Late:
            @hookimpl(wrapper=True)
            def cocopot_startup(self) -> Any:
                calls.append("enter")
                result = yield
                calls.append("leave")
                return result

        app = Cocopot(__name__, autoload=False)
        app.start()
        app.plugins.register(Late())
        app.plugins.register(type("Other", (), {})())
        assert calls == ["enter", "leave"]

    def test_what_a_plugin_has_registered_is_rolled_back(self) -> None:
        """A plugin that registers another one and then fails leaves neither, early or late."""

        class Inner:
            plugin_name = "inner"

            @hookimpl
            def cocopot_before_request(self) -> str:
                return "inner"

        class Outer:
            plugin_name = "outer"

            @hookimpl
            def cocopot_setup(self, app: Cocopot) -> None:
                app.plugins.register(Inner())
                raise ValueError("broken")

        app = Cocopot(__name__, autoload=False, plugins=[Outer], plugin_errors="warn")
        assert app.plugins.records("plugin") == []
        for _ in range(2):
            with pytest.raises(ValueError, match="broken"):
                app.plugins.register(Outer())
            assert app.plugins.records("plugin") == []
            assert app.test_client().get("/").status_code == 404


def test_an_overridden_teardown_has_the_context() -> None:
    """`do_teardown_appcontext` of the base class runs the functions of the blueprint of the request."""
    calls: list[str] = []

    class Shop(Cocopot):
        def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
            calls.append("override")
            super().do_teardown_appcontext(exc)

    app = Shop(__name__, autoload=False)
    blueprint = Blueprint("bp", __name__)
    blueprint.add_url_rule("/", "index", index)
    app.register_blueprint(blueprint)
    functions = FunctionList(TEARDOWN_APP_CONTEXT, app.plugins, "bp")
    functions.append(lambda exc: calls.append("blueprint"))
    app.start()
    calls.clear()
    app.test_client().get("/")
    assert calls == ["override", "blueprint"]
