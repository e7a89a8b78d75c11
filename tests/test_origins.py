"""Where configuration keys come from, for every way to set one."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, Config, hookimpl
from cocopot.origins import Origin, TracedDict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def here(offset: int = 0) -> Origin:
    """Return the origin of the line that calls this, or of one near it."""
    frame = sys._getframe(1)
    return Origin("code", f"{__file__}:{frame.f_lineno + offset}")


class Settings:
    """An object with configuration."""

    MODE = "class"


class Mail:
    """A plugin with a default."""

    plugin_name = "mail"

    @hookimpl
    def cocopot_config_defaults(self) -> dict[str, Any]:
        return {"MAIL_HOST": "localhost", "MODE": "plugin"}


def merge(config: Config) -> None:
    config |= {"MODE": 1}


SETTERS: dict[str, Callable[[Config], object]] = {
    "item": lambda config: config.__setitem__("MODE", 1),
    "update": lambda config: config.update(MODE=1),
    "pairs": lambda config: config.update([("MODE", 1)]),
    "setdefault": lambda config: config.setdefault("MODE", 1),
    "merge": merge,
    "from_mapping": lambda config: config.from_mapping({"MODE": 1}),
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path, {"DEBUG": False})


@pytest.mark.parametrize("setter", SETTERS.values(), ids=SETTERS.keys())
def test_code(config: Config, setter: Callable[[Config], object]) -> None:
    """What code sets comes from the line of that code, and the defaults stay what they are."""
    setter(config)
    line = setter.__code__.co_firstlineno + (setter is merge)
    assert config.origin("MODE") == Origin("code", f"{__file__}:{line}")
    assert config.origin("DEBUG") == Origin("default")


def test_setdefault_of_what_is_there(config: Config) -> None:
    """A default that is not needed leaves value and origin alone."""
    assert config.setdefault("DEBUG", True) is False
    assert config.origin("DEBUG") == Origin("default")


def test_no_such_key(config: Config) -> None:
    """A key that is not there, or not any more, comes from nowhere."""
    del config["DEBUG"]
    assert config.origin("DEBUG") is None
    assert config.origin("NOTHING") is None


def test_object(config: Config) -> None:
    """An object is named by its import name, or by that of its class."""
    config.from_object("json.decoder")
    assert config.origin("FLAGS") == Origin("object", "json.decoder")
    config.from_object(Settings)
    assert config.origin("MODE") == Origin("object", f"{__name__}.Settings")
    config.from_object(json.decoder)
    assert config.origin("FLAGS") == Origin("object", "json.decoder")


@pytest.mark.parametrize(
    ("load", "text"),
    [("from_pyfile", "MODE = 1"), ("from_toml", "MODE = 1"), ("from_json", '{"MODE": 1}')],
)
def test_file(config: Config, tmp_path: Path, load: str, text: str) -> None:
    """What a file sets comes from that file."""
    (tmp_path / "settings").write_text(text)
    getattr(config, load)("settings")
    assert config.origin("MODE") == Origin("file", str(tmp_path / "settings"))


def test_file_named_by_a_variable(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the environment names is still where the value comes from."""
    (tmp_path / "settings.cfg").write_text("MODE = 1")
    monkeypatch.setenv("SETTINGS", "settings.cfg")
    config.from_envvar("SETTINGS")
    assert config.origin("MODE") == Origin("file", str(tmp_path / "settings.cfg"))


def test_environment(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that sets a part of a mapping states so, and where the mapping comes from."""
    monkeypatch.setenv("SHOP_MODE", "1")
    monkeypatch.setenv("SHOP_MAIL__HOST", "mx")
    monkeypatch.setenv("SHOP_NEW__A__B", "1")
    config["MAIL"], line = {"PORT": 25}, here()
    config.from_prefixed_env("SHOP")
    assert config["MAIL"] == {"PORT": 25, "HOST": "mx"}
    assert config.origin("MODE") == Origin("environment", "SHOP_MODE")
    assert config.origin("NEW") == Origin("environment", "SHOP_NEW__A__B")
    assert config.origin("MAIL") == Origin("environment", "SHOP_MAIL__HOST", line)
    assert str(config.origin("MAIL")) == f"environment SHOP_MAIL__HOST, in {line}"


def test_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application's keys come from the core, a plugin, COCOPOT_DEBUG, or code that sets an attribute."""
    monkeypatch.setenv("COCOPOT_DEBUG", "1")
    app = Cocopot("origins", autoload=False, plugins=[Mail])
    app.testing, line = True, here()
    assert app.config.origin("SECRET_KEY") == Origin("default")
    assert app.config.origin("MAIL_HOST") == Origin("plugin", "mail")
    assert app.config.origin("DEBUG") == Origin("environment", "COCOPOT_DEBUG")
    assert app.config.origin("TESTING") == line
    app.debug, line = False, here()
    assert app.config.origin("DEBUG") == line


def test_snapshot(config: Config) -> None:
    """What is rolled back comes again from where it came before."""
    restore = config.snapshot()
    config.from_mapping(DEBUG=True, MODE=1)
    restore()
    assert (dict(config), config.origin("DEBUG")) == ({"DEBUG": False}, Origin("default"))


def test_skipped_plugin() -> None:
    """A plugin that fails while it is set up takes its keys and their origins with it."""

    class Fails(Mail):
        plugin_name = "fails"

        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            app.config["DEBUG"] = True
            raise ValueError

    app = Cocopot("origins", autoload=False, plugins=[Fails], plugin_errors="warn")
    assert "MAIL_HOST" not in app.config
    assert (app.config["DEBUG"], app.config.origin("DEBUG")) == (False, Origin("default"))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies(config: Config, duplicate: Callable[[Config], Config]) -> None:
    """A copy has the same values; what is set there states nothing of the original."""
    copied = duplicate(config)
    copied["MODE"] = 1
    assert copied == {"DEBUG": False, "MODE": 1}
    assert copied.origin("MODE") is not None
    assert config.origin("MODE") is None
    assert config.origin("DEBUG") == Origin("default")


def test_reading() -> None:
    """To read a key is dict's own business."""
    for name in ("__getitem__", "get", "__contains__", "__iter__", "items"):
        assert getattr(TracedDict, name) is getattr(dict, name)
        assert getattr(Config, name) is getattr(dict, name)
