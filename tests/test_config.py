from __future__ import annotations

import json
import pickle
import sys
import tomllib
from datetime import timedelta
from string import ascii_uppercase
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocopot.config import Config
from cocopot.config_attributes import ConfigAttribute
from cocopot.config_keys import BOOLEANS, DEFAULTS
from cocopot.exceptions import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

# The first text that Hypothesis draws on a new machine waits for its table of characters.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

#: Keys whose values are numbers of bytes or parts.
LIMITS = ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE", "MAX_FORM_PARTS")


class Settings:
    """A class as `from_object` takes it."""

    SIZE = 3
    lower = "left out"


class App:
    """An object with a configuration and two attributes that live in it."""

    debug = ConfigAttribute[bool]("DEBUG")
    age = ConfigAttribute("AGE", get_converter=lambda seconds: timedelta(seconds=seconds))

    def __init__(self, config: Config) -> None:
        self.config = config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path)


def read_lines(file: IO[Any]) -> dict[str, Any]:
    return dict(line.split("=", 1) for line in file.read().splitlines())


class TestDefaults:
    def test_copied(self, tmp_path: Path) -> None:
        """What one configuration changes is not changed in the defaults."""
        config = Config(tmp_path, DEFAULTS)
        config["DEBUG"] = True
        assert DEFAULTS["DEBUG"] is False
        assert config.root_path == tmp_path
        assert config.keys() == DEFAULTS.keys()

    def test_values(self) -> None:
        """Requests are limited, and production is assumed, until something states otherwise."""
        assert DEFAULTS["MAX_FORM_MEMORY_SIZE"] == 500_000
        assert DEFAULTS["MAX_FORM_PARTS"] == 1000
        assert DEFAULTS["MAX_CONTENT_LENGTH"] is None
        assert (DEFAULTS["DEBUG"], DEFAULTS["TESTING"]) == (False, False)
        assert all(key.isupper() for key in DEFAULTS)


class TestFromObject:
    def test_class(self, config: Config) -> None:
        """The upper-case attributes of a class are taken."""
        config.from_object(Settings)
        assert config == {"SIZE": 3}

    def test_import_name(self, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A string is imported, module or module and attribute."""
        (tmp_path / "shop_settings.py").write_text("SIZE = 1\nclass Production:\n    SIZE = 2\n")
        monkeypatch.syspath_prepend(tmp_path)
        config.from_object("shop_settings")
        assert config == {"SIZE": 1}
        config.from_object("shop_settings:Production")
        assert config == {"SIZE": 2}
        del sys.modules["shop_settings"]

    def test_import_name_unknown(self, config: Config) -> None:
        """A name that cannot be imported is named."""
        with pytest.raises(ImportError, match="no_such_settings"):
            config.from_object("no_such_settings")

    def test_mapping_refused(self, config: Config) -> None:
        """A dict, of which nothing would be taken, is refused and the right method named."""
        with pytest.raises(TypeError, match=r"a dict keeps .* use from_mapping\(\)"):
            config.from_object({"SIZE": 3})


class TestFromPyfile:
    def test_relative_to_root(self, config: Config, tmp_path: Path) -> None:
        """A Python file below the root path is run; it knows its own name."""
        (tmp_path / "settings.cfg").write_text("base = 2\nSIZE = base * 3\nFILE = __file__\n")
        assert config.from_pyfile("settings.cfg") is True
        assert config == {"SIZE": 6, "FILE": str(tmp_path / "settings.cfg")}

    def test_source_encoding(self, config: Config, tmp_path: Path) -> None:
        """The encoding that a Python file declares (PEP 263) holds."""
        (tmp_path / "settings.py").write_bytes(b"# coding: latin-1\nNAME = 'caf\xe9'\n")
        config.from_pyfile(tmp_path / "settings.py")
        assert config == {"NAME": "caf\u00e9"}

    def test_annotations(self, config: Config, tmp_path: Path) -> None:
        """A file's annotations are evaluated, unless it states otherwise itself."""
        (tmp_path / "settings.py").write_text("def f(x: int): ...\nTYPES = f.__annotations__\n")
        config.from_pyfile("settings.py")
        assert config == {"TYPES": {"x": int}}

    def test_missing(self, config: Config, tmp_path: Path) -> None:
        """A missing file is an error that names the path and what to do."""
        with pytest.raises(FileNotFoundError, match=r"check the path.*none\.cfg") as caught:
            config.from_pyfile("none.cfg")
        assert caught.value.filename == str(tmp_path / "none.cfg")

    @pytest.mark.parametrize("name", ["none.cfg", ".", "file/below.cfg"])
    def test_missing_silent(self, config: Config, tmp_path: Path, name: str) -> None:
        """A missing file, a folder, and a file where a folder should be are passed over on request."""
        (tmp_path / "file").touch()
        assert config.from_pyfile(name, silent=True) is False
        assert config == {}

    def test_silent_only_about_missing(self, config: Config, tmp_path: Path) -> None:
        """A file that exists but cannot be read is an error even then."""
        (tmp_path / "loop.cfg").symlink_to("loop.cfg")
        with pytest.raises(OSError, match=r"loop\.cfg"):
            config.from_pyfile("loop.cfg", silent=True)

    def test_silent_only_about_the_file_itself(self, config: Config, tmp_path: Path) -> None:
        """A file that the configuration file misses is an error even then."""
        (tmp_path / "settings.py").write_text("KEY = open('/no/such/secret').read()\n")
        with pytest.raises(FileNotFoundError, match="/no/such/secret"):
            config.from_pyfile("settings.py", silent=True)


class TestFromFile:
    def test_text(self, config: Config, tmp_path: Path) -> None:
        """A loader of text receives UTF-8."""
        (tmp_path / "settings.txt").write_text("NAME=caf\u00e9\nname=left out", encoding="utf-8")
        assert config.from_file("settings.txt", read_lines) is True
        assert config == {"NAME": "caf\u00e9"}

    def test_bytes(self, config: Config, tmp_path: Path) -> None:
        """A loader of bytes receives bytes."""
        (tmp_path / "settings.txt").write_bytes(b"SIZE = 1")
        assert config.from_file("settings.txt", tomllib.load, text=False) is True
        assert config == {"SIZE": 1}

    def test_none_is_empty(self, config: Config, tmp_path: Path) -> None:
        """A loader that finds nothing, as YAML's in an empty file, sets nothing."""
        (tmp_path / "empty.yaml").touch()
        assert config.from_file("empty.yaml", lambda file: None) is True
        assert config == {}

    def test_missing(self, config: Config) -> None:
        """A missing file is an error that names it, or passed over on request."""
        assert config.from_file("none.txt", read_lines, silent=True) is False
        with pytest.raises(FileNotFoundError, match=r"none\.txt"):
            config.from_file("none.txt", read_lines)


class TestFromTomlAndJson:
    def test_toml(self, config: Config, tmp_path: Path) -> None:
        """A TOML file gives keys and tables."""
        (tmp_path / "settings.toml").write_text("SIZE = 1\nlow = 2\n[MAIL]\nhost = 'mx'\n")
        assert config.from_toml("settings.toml") is True
        assert config == {"SIZE": 1, "MAIL": {"host": "mx"}}
        assert config.from_toml("none.toml", silent=True) is False

    def test_json(self, config: Config, tmp_path: Path) -> None:
        """A JSON file gives the items of its object."""
        (tmp_path / "settings.json").write_text('{"SIZE": 1, "low": 2}')
        assert config.from_json("settings.json") is True
        assert config == {"SIZE": 1}
        assert config.from_json("none.json", silent=True) is False

    def test_invalid_toml(self, config: Config, tmp_path: Path) -> None:
        """The parser's error is raised with a note that names the file."""
        (tmp_path / "bad.toml").write_text("SIZE =")
        with pytest.raises(tomllib.TOMLDecodeError) as caught:
            config.from_toml("bad.toml")
        assert str(tmp_path / "bad.toml") in caught.value.__notes__[0]

    def test_invalid_json(self, config: Config, tmp_path: Path) -> None:
        """The parser's error is raised with a note that names the file."""
        (tmp_path / "bad.json").write_text('{"SIZE": }')
        with pytest.raises(json.JSONDecodeError) as caught:
            config.from_json("bad.json")
        assert str(tmp_path / "bad.json") in caught.value.__notes__[0]

    def test_no_mapping(self, config: Config, tmp_path: Path) -> None:
        """A file whose top level has no keys is an error that names file and type."""
        (tmp_path / "list.json").write_text("[1]")
        with pytest.raises(TypeError, match=r"list\.json holds a list: make its top level a mapping"):
            config.from_json("list.json")


class TestFromEnvvar:
    def test_set(self, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The file that the variable names is run."""
        (tmp_path / "settings.py").write_text("SIZE = 1")
        monkeypatch.setenv("SHOP_SETTINGS", "settings.py")
        assert config.from_envvar("SHOP_SETTINGS") is True
        assert config == {"SIZE": 1}

    def test_missing_file(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """A missing file is an error, or passed over on request."""
        monkeypatch.setenv("SHOP_SETTINGS", "none.py")
        assert config.from_envvar("SHOP_SETTINGS", silent=True) is False
        with pytest.raises(FileNotFoundError, match=r"none\.py"):
            config.from_envvar("SHOP_SETTINGS")

    def test_unset(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """An unset variable is an error that names it, or passed over on request."""
        monkeypatch.delenv("SHOP_SETTINGS", raising=False)
        assert config.from_envvar("SHOP_SETTINGS", silent=True) is False
        with pytest.raises(RuntimeError, match="'SHOP_SETTINGS' is not set: set it to"):
            config.from_envvar("SHOP_SETTINGS")


class TestFromPrefixedEnv:
    def test_values(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """Values are JSON where they can be and text otherwise; other names are left alone."""
        for name, value in {"X_A": "1", "X_B": "[true]", "X_C": "plain", "X_low": "1", "XA": "1"}.items():
            monkeypatch.setenv(name, value)
        assert config.from_prefixed_env("X") is True
        assert config == {"A": 1, "B": [True], "C": "plain"}

    def test_numbers_that_are_not_json(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """What Python would read as no number or as infinity remains text, also inside of a list."""
        texts = ["NaN", "Infinity", "-Infinity", "1e999", "-1E400", "[1, NaN]", "9" * 5000, "[" * 9999]
        for index, text in enumerate(texts):
            monkeypatch.setenv(f"X_A{index}", text)
        config.from_prefixed_env("X")
        assert [*config.values()] == texts

    def test_default_prefix(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a prefix it is the framework's name."""
        monkeypatch.setenv("COCOPOT_SIZE", "1")
        config.from_prefixed_env()
        assert config["SIZE"] == 1

    def test_loads(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another function may read the values; whatever it raises, the text stays."""
        monkeypatch.setenv("X_A", "10")
        monkeypatch.setenv("X_B", "ten")
        config.from_prefixed_env("X", loads=lambda text: {"10": 2}[text])
        assert config == {"A": 2, "B": "ten"}

    def test_nested(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """Double underscores reach into mappings, which are made where there are none."""
        monkeypatch.setenv("X_MAIL", '{"host": "mx", "port": 1}')
        monkeypatch.setenv("X_MAIL__port", "25")
        monkeypatch.setenv("X_A__B__c", "1")
        config.from_prefixed_env("X")
        assert config == {"MAIL": {"host": "mx", "port": 25}, "A": {"B": {"c": 1}}}

    def test_nested_leaves_defaults_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A mapping that other applications share is copied before it is changed, even a read-only one."""
        shared = {"host": "mx"}
        config = Config(tmp_path, {"MAIL": MappingProxyType(shared)})
        monkeypatch.setenv("X_MAIL__host", "other")
        config.from_prefixed_env("X")
        assert config == {"MAIL": {"host": "other"}}
        assert shared == {"host": "mx"}

    def test_nested_in_no_mapping(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """Setting an item of a non-mapping is an error with variable and key, not the value."""
        monkeypatch.setenv("X_MAIL__auth", "hunter2")
        monkeypatch.setenv("X_MAIL__auth__user", "me")
        with pytest.raises(
            TypeError, match="variable X_MAIL__auth__user sets an item of MAIL__auth"
        ) as caught:
            config.from_prefixed_env("X")
        assert "hunter2" not in str(caught.value)

    @ANY_SPEED
    @given(
        st.dictionaries(
            st.text(ascii_uppercase, min_size=1),
            st.dictionaries(st.text(ascii_uppercase, min_size=1), st.integers() | st.text(), min_size=1),
        )
    )
    def test_round_trip(self, values: dict[str, dict[str, Any]]) -> None:
        """Two levels of settings written to the environment as JSON come back as they were."""
        config = Config("/")
        with pytest.MonkeyPatch.context() as monkeypatch:
            for outer, items in values.items():
                for inner, value in items.items():
                    monkeypatch.setenv(f"ROUNDTRIP_{outer}__{inner}", json.dumps(value))
            config.from_prefixed_env("ROUNDTRIP")
        assert config == values


class TestMappings:
    def test_from_mapping(self, config: Config) -> None:
        """Upper-case keys are taken, and keyword arguments win."""
        assert config.from_mapping({"A": 1, "B": 1, "low": 1}, B=2, other=2) is True
        assert config == {"A": 1, "B": 2}
        assert config.from_mapping() is True

    def test_namespace(self, config: Config) -> None:
        """The keys of a plugin come without its prefix and in lower case unless asked otherwise."""
        config.from_mapping(MAIL_HOST="mx", MAIL_PORT=25, DEBUG=True)
        assert config.get_namespace("MAIL_") == {"host": "mx", "port": 25}
        assert config.get_namespace("MAIL_", lowercase=False) == {"HOST": "mx", "PORT": 25}
        assert config.get_namespace("MAIL_", trim_namespace=False) == {"mail_host": "mx", "mail_port": 25}


class TestConfigAttribute:
    def test_forwards(self, config: Config) -> None:
        """Reading and writing the attribute reads and writes the configuration."""
        app = App(config)
        app.debug = True
        assert config == {"DEBUG": True}
        config["DEBUG"] = False
        assert app.debug is False

    def test_converter(self, config: Config) -> None:
        """A converter is applied to what is read, not to what is stored."""
        app = App(config)
        app.age = 90
        assert config == {"AGE": 90}
        assert app.age == timedelta(seconds=90)

    def test_on_the_class(self) -> None:
        """Asked of the class it is the descriptor, which knows its key."""
        assert isinstance(App.debug, ConfigAttribute)
        assert App.debug.name == "DEBUG"


INVALID: dict[str, list[object]] = {
    **{key: ["true", 2, [True]] for key in sorted(BOOLEANS)},
    **{key: ["1024", "abc", -1, 1.5, True, b"1", [1]] for key in LIMITS},
    "SEND_FILE_MAX_AGE_DEFAULT": ["60", -1, True, timedelta(seconds=-1), 2**31 + 1, timedelta.max],
    "SECRET_KEY": ["", b"", 12345, True, ["k"]],
    "SERVER_NAME": [
        *("https://shop.example", "shop.example/shop", "u@shop", "a b", "shop:port", "shop:99999", ""),
        *("a..b", "[::::]", "[1.2.3.4]:80"),
        *(".shop.example", b"shop", 5),
    ],
    "APPLICATION_ROOT": ["", "shop", "//shop", "/a?b", "/a b", None, 5],
    "PREFERRED_URL_SCHEME": ["", "https://", "htpps", "ftp", None, 5, []],
    "TRUSTED_HOSTS": ["shop.example", b"shop", [5], [""], {"a": 1}, 3, True],
    "JSON_MIMETYPE": ["", "json", "a/b\r\nX: y", None, 5, b"application/json"],
}
VALID: dict[str, list[object]] = {
    **{key: [True, False, 1, 0] for key in sorted(BOOLEANS)},
    **{key: [None, 0, 1024] for key in LIMITS},
    "SEND_FILE_MAX_AGE_DEFAULT": [None, 0, 60, 2**31, timedelta(hours=1)],
    "SECRET_KEY": [None, "dev", b"dev"],
    "SERVER_NAME": [
        *(None, "localhost:8123", "shop.example", "[::1]:80", "my_app", "127.0.0.1"),
        *("bücher.example", "SHOP.example"),
    ],
    "APPLICATION_ROOT": ["/", "/shop", "/shop/"],
    "PREFERRED_URL_SCHEME": ["http", "https"],
    "TRUSTED_HOSTS": [None, [], ["shop.example"], (".shop.example",), {"a"}],
    "JSON_MIMETYPE": [
        *("application/json", "application/vnd.api+json", "application/json; charset=utf-8"),
    ],
}


def pairs(values: dict[str, list[object]]) -> list[tuple[str, object]]:
    return [(key, value) for key, of_key in values.items() for value in of_key]


class TestCheck:
    """The values of the core's keys."""

    @pytest.mark.parametrize(("key", "value"), pairs(INVALID))
    def test_invalid(self, tmp_path: Path, key: str, value: object) -> None:
        """The error has the key, the value and its origin."""
        config = Config(tmp_path, DEFAULTS)
        config[key] = value
        with pytest.raises(ConfigError) as caught:
            config.check()
        (fault,) = caught.value.faults
        assert fault.key == key
        assert fault.origin.startswith(f"code {__file__}:")
        assert fault.value in (repr(value), f"a {type(value).__name__}")
        assert str(fault) in str(caught.value)

    @pytest.mark.parametrize(("key", "value"), pairs(VALID))
    def test_valid(self, tmp_path: Path, key: str, value: object) -> None:
        """A valid value of any kind passes."""
        config = Config(tmp_path, DEFAULTS)
        config[key] = value
        config.check()

    def test_each_key(self, tmp_path: Path) -> None:
        """Each key of the core is checked, and its default is valid."""
        config = Config(tmp_path, DEFAULTS)
        assert config.faults() == []
        config.update(dict.fromkeys(DEFAULTS, object()))
        assert {fault.key for fault in config.faults()} == DEFAULTS.keys()

    def test_all_at_once(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        """One error has all faults of the core's keys, each with its origin."""
        monkeypatch.setenv("COCOPOT_MAX_CONTENT_LENGTH", "abc")
        monkeypatch.setenv("COCOPOT_MAX_FORM_PARTS", "10")
        config.from_prefixed_env()
        config.from_mapping(TRUSTED_HOSTS="shop.example", MAX_PAGES="abc")
        with pytest.raises(ConfigError) as caught:
            config.check()
        first, second = caught.value.faults
        assert (first.value, first.origin) == ("'abc'", "environment COCOPOT_MAX_CONTENT_LENGTH")
        assert "write ['shop.example']" in second.requirement

    def test_secret(self, config: Config) -> None:
        """The value of SECRET_KEY is not in the message."""
        config["SECRET_KEY"] = 987654321
        with pytest.raises(ConfigError, match=r"SECRET_KEY = a int .*put a number in quotes") as caught:
            config.check()
        assert "98765" not in str(caught.value)

    @pytest.mark.parametrize("key", ["", b""])
    def test_empty_secret(self, config: Config, key: str | bytes) -> None:
        """An empty SECRET_KEY is shown as such, with a command that prints one."""
        config["SECRET_KEY"] = key
        with pytest.raises(ConfigError, match=r"SECRET_KEY = b?'' .*secrets\.token_hex\(\)\)' prints one"):
            config.check()

    @pytest.mark.parametrize(
        "change",
        [
            lambda config: config.__setitem__("MAX_FORM_PARTS", "3"),
            lambda config: config.update(MAX_FORM_PARTS="3"),
            lambda config: config.from_mapping(MAX_FORM_PARTS="3"),
            lambda config: config.__ior__({"MAX_FORM_PARTS": "3"}),
        ],
    )
    def test_set_after_startup(self, tmp_path: Path, change: Any) -> None:
        """After the check, an invalid value raises where it is set, and is not set."""
        config = Config(tmp_path, DEFAULTS)
        config.check()
        with pytest.raises(ConfigError, match=rf"MAX_FORM_PARTS = '3' \(code {__file__}:"):
            change(config)
        assert config["MAX_FORM_PARTS"] == 1000
        config["MAX_FORM_PARTS"] = 3


class TestMissingKey:
    def test_nearest(self, config: Config) -> None:
        """A missing key is a KeyError that contains the nearest key; `get` and `in` are as for any dict."""
        config["PAGE_SIZE"] = 20
        for key in ("PAGE_SZIE", "page_size"):
            for read in (config.__getitem__, config.__delitem__, config.pop):
                with pytest.raises(KeyError) as caught:
                    read(key)
                assert str(caught.value) == f"The configuration has no key {key!r}. Did you mean 'PAGE_SIZE'?"
                assert caught.value.args == (key,)
            assert config.get(key, 5) == config.pop(key, 5) == 5
            assert config.pop(key, None) is None
            assert key not in config

    def test_removed(self, config: Config) -> None:
        """A key that is there is removed as from any dict."""
        config["PAGE_SIZE"] = config["LANGUAGE"] = 20
        del config["PAGE_SIZE"]
        assert config.pop("LANGUAGE") == 20
        assert config.keys().isdisjoint({"PAGE_SIZE", "LANGUAGE"})

    @pytest.mark.parametrize("key", ["NOTHING_LIKE_IT", 5, ("a",)])
    def test_none(self, config: Config, key: Any) -> None:
        """Without a similar key, the error has the key."""
        with pytest.raises(KeyError) as caught:
            config[key]
        assert str(caught.value) == f"The configuration has no key {key!r}."
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("no", False), ("OFF", False), ("on", True), ("1", 1), ("false", False)],
)
def test_booleans_of_the_environment(
    config: Config, monkeypatch: pytest.MonkeyPatch, text: str, value: object
) -> None:
    """For booleans of the core, the environment has more spellings than JSON; other keys are text."""
    monkeypatch.setenv("COCOPOT_TESTING", text)
    monkeypatch.setenv("COCOPOT_NOTE", "no")
    config.from_prefixed_env()
    assert (config["TESTING"], config["NOTE"]) == (value, "no")
