from __future__ import annotations

import json
import sys
import tomllib
from datetime import timedelta
from string import ascii_uppercase
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocopot.config import DEFAULTS, Config
from cocopot.config_attributes import ConfigAttribute

if TYPE_CHECKING:
    from pathlib import Path

# The first text that Hypothesis draws on a new machine waits for its table of characters.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


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
