"""The configuration keys: their effects, and the errors about invalid values."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_jinja import environment_of
from jinja2 import ChainableUndefined, StrictUndefined, Undefined, UndefinedError
from jinja2.bccache import Bucket, BytecodeCache

from cocopot import Cocopot, PluginError, render_template, render_template_string

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeApp = Callable[..., Cocopot]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"DEBUG": False}, Undefined),
        ({"DEBUG": True}, StrictUndefined),
        ({"TESTING": True}, StrictUndefined),
        ({"TESTING": True, "JINJA_UNDEFINED": "default"}, Undefined),
        ({"JINJA_UNDEFINED": "strict"}, StrictUndefined),
        ({"JINJA_UNDEFINED": ChainableUndefined}, ChainableUndefined),
    ],
)
def test_undefined(make_app: MakeApp, config: dict[str, Any], expected: type[Undefined]) -> None:
    """An unknown name is an error in debug mode and in tests, and empty otherwise, unless configured."""
    assert environment_of(make_app(config=config)).undefined is expected


def test_undefined_names(make_app: MakeApp) -> None:
    """The error about an unknown name names it."""
    app = make_app()
    with app.app_context(), pytest.raises(UndefinedError, match="'bird' is undefined"):
        render_template_string("{{ bird }}")
    app.config["JINJA_UNDEFINED"] = "default"
    app.add_url_rule("/", "index", lambda: render_template_string("[{{ bird }}]"))
    assert app.test_client().get("/").text == "[]"


def test_configured_after_the_environment(make_app: MakeApp) -> None:
    """What is configured after the environment was made counts from the start of the application on."""
    app = make_app({"a": "{{ bird }}"}, config={"DEBUG": False})
    environment = environment_of(app)
    app.config.update(DEBUG=True)
    app.start()
    assert (environment.auto_reload, environment.undefined) == (True, StrictUndefined)


def test_options_have_precedence(make_app: MakeApp) -> None:
    """`jinja_options` wins over the configuration."""
    app: Any = make_app()
    app.jinja_options.update(undefined=ChainableUndefined, auto_reload=True)
    app.start()
    assert (app.jinja_env.undefined, app.jinja_env.auto_reload) == (ChainableUndefined, True)


def test_bytecode_cache(make_app: MakeApp, tmp_path: Path) -> None:
    """Compiled templates are stored in a folder of this user alone, and found by the next process."""
    config = {"JINJA_BYTECODE_CACHE": str(tmp_path / "cache" / "templates")}
    app = make_app({"a": "{{ 1 }}"}, config=config)
    with app.app_context():
        assert render_template("a") == "1"
    (file,) = (tmp_path / "cache" / "templates").iterdir()
    before = file.stat().st_mtime_ns
    app = make_app({"a": "{{ 1 }}"}, config=config)
    with app.app_context():
        assert render_template("a") == "1"
    assert file.stat().st_mtime_ns == before
    if sys.platform != "win32":
        assert file.parent.stat().st_mode & 0o077 == 0


def test_a_relative_bytecode_cache(make_app: MakeApp) -> None:
    """A relative path is one of the instance folder, and an object is used as it is."""
    app = make_app(config={"JINJA_BYTECODE_CACHE": "cache"})
    cache: Any = environment_of(app).bytecode_cache
    assert cache.directory == f"{app.instance_path}/cache"

    class Memory(BytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None: ...
        def dump_bytecode(self, bucket: Bucket) -> None: ...

    memory = Memory()
    assert environment_of(make_app(config={"JINJA_BYTECODE_CACHE": memory})).bytecode_cache is memory


@pytest.mark.parametrize(
    ("key", "value", "cure"),
    [
        ("JINJA_UNDEFINED", "strikt", "Set it to one of 'strict', 'default', 'chainable', 'debug'"),
        ("JINJA_UNDEFINED", str, "or to a subclass of jinja2.Undefined."),
        ("JINJA_BYTECODE_CACHE", 5, "Set it to the path of a folder"),
        ("JINJA_BYTECODE_CACHE", "/dev/null/cache", "The folder cannot be created: "),
        ("TEMPLATES_AUTO_RELOAD", "yes", "Set it to True or False, or to None for the default."),
        ("EXPLAIN_TEMPLATE_LOADING", 2, "Set it to True or False"),
    ],
)
def test_invalid(make_app: MakeApp, key: str, value: object, cure: str) -> None:
    """An invalid key or value stops the start, with the key, the value, its origin, and the cure."""
    app = make_app(config={key: value})
    with pytest.raises(PluginError) as caught:
        app.start()
    assert f"{key} is {value!r} (set by code " in str(caught.value)
    assert cure in str(caught.value)
    assert (caught.value.plugin, caught.value.hook) == ("jinja", "cocopot_startup")


def test_an_unknown_key(make_app: MakeApp) -> None:
    """A misspelled key stops the start, with its origin and the nearest key."""
    app = make_app(config={"JINJA_UNDEFIND": "strict"})
    with pytest.raises(PluginError, match=r"there is no key JINJA_UNDEFIND \(set by code ") as caught:
        app.start()
    assert "Did you mean 'JINJA_UNDEFINED'?" in str(caught.value)
    assert (caught.value.plugin, caught.value.hook) == ("jinja", "cocopot_startup")
