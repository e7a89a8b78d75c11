from __future__ import annotations

from typing import Any

import pytest

from cocopot import Cocopot, hookimpl
from cocopot.testing import assert_hook_order, installed_plugin, make_app


class Session:
    """A plugin that others require."""

    plugin_name = "session"

    @hookimpl
    def cocopot_config_defaults(self) -> dict[str, Any]:
        return {"SESSION_STRICT": True}

    @hookimpl
    def cocopot_before_request(self) -> None: ...


class Auth:
    """A plugin that requires another one."""

    plugin_name = "auth"
    requires = ("session",)

    @hookimpl
    def cocopot_before_request(self) -> None: ...

    @hookimpl
    def cocopot_after_request(self) -> None: ...


class Timing:
    """A plugin with a wrapper."""

    plugin_name = "timing"

    @hookimpl(wrapper=True)
    def cocopot_before_request(self) -> Any:
        return (yield)


class TestMakeApp:
    def test_default(self) -> None:
        """An application is in test mode, has no installed plugin, and is named like the calling module."""
        app = make_app()
        assert isinstance(app, Cocopot)
        assert (app.testing, app.import_name, app.plugins.records("plugin")) == (True, __name__, [])

    def test_exceptions_reach_the_client(self) -> None:
        """What a view raises is not hidden behind a 500."""
        app = make_app()
        app.add_url_rule("/", "index", lambda: str(1 // 0))
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/")

    def test_plugins(self) -> None:
        """Plugins are registered in the order in which they need each other."""
        app = make_app(Auth(), Session)
        assert [record.name for record in app.plugins.records("plugin")] == ["session", "auth"]

    def test_config(self) -> None:
        """Configuration wins over the defaults of plugins, and over test mode."""
        assert make_app(Session()).config["SESSION_STRICT"] is True
        app = make_app(Session(), config={"SESSION_STRICT": False, "TESTING": False})
        assert (app.config["SESSION_STRICT"], app.testing) == (False, False)

    def test_autoload_and_options(self) -> None:
        """Installed plugins are loaded on demand, and the application's own options are passed on."""
        with installed_plugin("kit-a", ""), installed_plugin("kit-b", ""):
            app = make_app(autoload={"kit-a"}, import_name="shop", static_folder=None)
        assert [record.name for record in app.plugins.records("plugin")] == ["kit-a"]
        assert (app.name, app.has_static_folder) == ("shop", False)


class TestAssertHookOrder:
    @pytest.fixture
    def shop(self) -> Cocopot:
        app = make_app(Auth(), Session(), Timing(), import_name="shop")

        @app.before_request
        def load_user() -> None: ...

        return app

    def test_order(self, shop: Cocopot) -> None:
        """Names in the right order pass, those of functions included; others may run between them."""
        function = f"app.before_request: {__name__}.TestAssertHookOrder.shop.<locals>.load_user"
        assert_hook_order(shop, "cocopot_before_request", "session", "auth")
        assert_hook_order(shop, "cocopot_before_request", "timing", "session", function)
        assert_hook_order(shop, "cocopot_after_request", "auth")
        assert_hook_order(shop, "cocopot_make_response", "builtin.responses")

    @pytest.mark.parametrize("names", [("auth", "session"), ("session", "timing"), ("auth", "auth")])
    def test_wrong_order(self, shop: Cocopot, names: tuple[str, str]) -> None:
        """Any other order fails, and the message shows the whole order."""
        with pytest.raises(AssertionError) as caught:
            assert_hook_order(shop, "cocopot_before_request", *names)
        message = str(caught.value)
        assert f"cocopot_before_request does not run in the order {names[0]!r}, {names[1]!r}" in message
        assert f"{names[1]!r} comes too early.\nThe order of cocopot_before_request is:\n" in message
        assert "\n  1. timing\n  2. session\n  3. auth\n  4. app.before_request: " in message

    def test_unknown_name(self, shop: Cocopot) -> None:
        """A name that does not implement the hook raises an error, with the nearest name and all names."""
        with pytest.raises(AssertionError) as caught:
            assert_hook_order(shop, "cocopot_after_request", "Auth")
        assert str(caught.value) == (
            "'Auth' does not implement cocopot_after_request. Did you mean 'auth'?\n"
            "The order of cocopot_after_request is:\n  1. auth"
        )
        with pytest.raises(AssertionError, match="no implementation"):
            assert_hook_order(shop, "cocopot_url_defaults", "auth")

    def test_unknown_hook(self, shop: Cocopot) -> None:
        """An unknown hook, and an assertion without names, raise an error."""
        with pytest.raises(
            ValueError, match=r"no hook 'cocopot_befor_request'\. Did you mean 'cocopot_before"
        ):
            assert_hook_order(shop, "cocopot_befor_request", "auth")
        with pytest.raises(ValueError, match="Pass the names of the plugins"):
            assert_hook_order(shop, "cocopot_before_request")
