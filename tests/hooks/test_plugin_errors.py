"""An error that a plugin raises itself gets the fields that it lacks, in every hook and for every command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl
from cocopot.cli import main
from cocopot.testing import installed_plugin
from tests.hooks.drivers import DRIVERS, driven, plugin, shop

if TYPE_CHECKING:
    from pathlib import Path


def fail(**fields: Any) -> Any:
    """Return a function that raises a `PluginError`, as a plugin does."""

    def function() -> None:
        raise PluginError("POOL_URL is missing", **fields)

    return function


#: The hooks whose exceptions leave the call that drives them.
RAISING = [
    hook
    for hook in DRIVERS
    if hook not in ("cocopot_register_commands", "cocopot_got_request_exception")
    and DRIVERS[hook].kind != "every"
]


@pytest.mark.parametrize("hook", RAISING)
def test_in_every_hook(hook: str) -> None:
    """Plugin, hook, place and cure are set, and the text begins with the plugin."""
    with pytest.raises(PluginError) as caught:
        driven(shop(plugin("pool", hook, fail())), hook)
    error = caught.value
    assert (error.plugin, error.hook, error.reason) == ("pool", hook, "other")
    assert error.place is not None
    assert error.place.read_line() == 'raise PluginError("POOL_URL is missing", **fields)'
    assert str(error).startswith("Plugin 'pool': POOL_URL is missing\n  at ")
    assert str(error).endswith('pass disable={"pool"} or set COCOPOT_DISABLE_PLUGINS=pool.')


def test_with_others_that_run_all_the_same() -> None:
    """In a hook of which every implementation runs, the error in the group has the fields."""
    app = shop(plugin("pool", "cocopot_shutdown", fail()))
    app.start()
    with pytest.raises(ExceptionGroup) as caught:
        app.close()
    (error,) = caught.value.exceptions
    assert isinstance(error, PluginError)
    assert (error.plugin, error.hook) == ("pool", "cocopot_shutdown")


def test_what_is_set_stays() -> None:
    """Fields that the plugin has set are not replaced, and an error about another plugin is its own."""
    own = fail(plugin="pool", subject="The pool", hook="other", cure="Set it.", reason="config")
    with pytest.raises(PluginError) as caught:
        driven(shop(plugin("pool", "cocopot_startup", own)), "cocopot_startup")
    error = caught.value
    assert (error.subject, error.hook, error.cure, error.reason) == ("The pool", "other", "Set it.", "config")
    assert error.place is not None
    assert str(error).startswith("The pool POOL_URL is missing\n  at ")
    with pytest.raises(PluginError) as caught:
        driven(shop(plugin("pool", "cocopot_startup", fail(plugin="session"))), "cocopot_startup")
    assert (caught.value.plugin, caught.value.hook, caught.value.cure) == ("session", None, "")


def test_of_the_application() -> None:
    """An error that a function of the application raises is about no plugin."""
    app = shop()
    app.on_startup(fail())
    with pytest.raises(PluginError) as caught:
        app.start()
    assert (caught.value.plugin, str(caught.value)) == (None, "POOL_URL is missing")


@pytest.mark.parametrize("body", ["def __init__(self): fail()", "fail()"])
def test_while_it_is_loaded(body: str) -> None:
    """An installed plugin has a distribution, a version and an entry point, too."""
    source = (
        "from cocopot import PluginError\n"
        "def fail():\n    raise PluginError('POOL_URL is missing')\n"
        f"class Pool:\n    {body}\n"
    )
    with installed_plugin("pool", source, entry_point="cocopot_pool:Pool"):
        with pytest.raises(PluginError) as caught:
            Cocopot("shop", autoload={"pool"})
        error = caught.value
        assert (error.plugin, error.distribution, error.entry_point) == (
            "pool",
            "cocopot-pool",
            "cocopot_pool:Pool",
        )
        assert error.version
        assert "Plugin 'pool' (cocopot-pool " in str(error)
        app = Cocopot("shop", autoload={"pool"}, plugin_errors="warn")
        assert list(app.plugins.failed) == ["pool"]


SHOP = """
from cocopot import Cocopot, PluginError, hookimpl

class Pool:
    plugin_name = "pool"

    @hookimpl
    def cocopot_startup(self):
        raise PluginError("POOL_URL is missing")

app = Cocopot("shop", autoload=False, plugins=[Pool])

@app.cli.command("migrate")
def migrate():
    app.start()
"""


@pytest.mark.parametrize("arguments", [["migrate"], ["shell", "-c", "app.start()"]])
def test_on_the_command_line(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the plugin, the hook and the place, and how to go on without it."""
    (tmp_path / "pooled.py").write_text(SHOP)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit):
        main(["-A", "pooled", *arguments])
    text = capsys.readouterr().err
    assert "Error: Plugin 'pool': POOL_URL is missing\n  at " in text
    assert "To go on without it, pass disable" in text
    assert "Raised by plugin 'pool' in hook cocopot_startup." in text


def test_a_set_up_that_fails() -> None:
    """Any other exception becomes an error with the hook and the place."""

    class Pool:
        plugin_name = "pool"

        @hookimpl
        def cocopot_setup(self) -> None:
            raise ValueError("broken")

    with pytest.raises(PluginError, match="failed in cocopot_setup: ValueError: broken") as caught:
        Cocopot("shop", autoload=False, plugins=[Pool])
    assert (caught.value.hook, caught.value.reason) == ("cocopot_setup", "setup")
