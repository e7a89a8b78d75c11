"""The configuration: a dict with methods to fill it from objects, files and the environment."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import types
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from werkzeug.utils import import_string

from cocopot.config_keys import BOOLEANS, DEFAULTS, MissingKeyError, find_faults, warn_about_gone_keys
from cocopot.environment import set_nested
from cocopot.exceptions import ConfigError
from cocopot.origins import Origin, caller_origin
from cocopot.plugin_keys import PluginKeys
from cocopot.strict_json import loads_strictly

if TYPE_CHECKING:
    from cocopot.exceptions import ConfigFault
    from cocopot.types import StrPath

__all__ = ["DEFAULTS", "Config", "MissingKeyError"]

T = TypeVar("T")
FileLoader = Callable[[IO[Any]], Mapping[str, object] | None]

#: The errors that `silent=True` ignores: the file is missing.
_MISSING: Final = frozenset({errno.ENOENT, errno.EISDIR, errno.ENOTDIR})
#: How the environment spells booleans, beside JSON.
_BOOLEANS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Config(PluginKeys):
    """The configuration of an application.

    Only upper-case names become keys, so that a configuration file can have helpers in lower case. A value
    replaces one that was set earlier. The origin of each value is recorded when it is set.

    Example:
        >>> from cocopot import Config
        >>> config = Config("/srv/shop", {"DEBUG": False})
        >>> config.from_mapping(DEBUG=True, note="not upper-case")
        True
        >>> config
        {'DEBUG': True}

    Args:
        root_path: The folder of relative file names.
        defaults: The first keys and values, in any case; copied.
    """

    def __init__(self, root_path: StrPath, defaults: Mapping[str, object] | None = None) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path
        #: The environment variables that `from_prefixed_env` and `from_envvar` have read.
        self.variables_read: set[str] = set()
        self._is_checked = False

    def check(self) -> None:
        """Check the values of the core's keys; called at startup.

        From then on, an invalid value raises where it is set.

        Raises:
            ConfigError: Some are invalid; it lists all of them, with their origins.
        """
        if faults := self.faults():
            raise ConfigError(faults)
        warn_about_gone_keys(self, self.origin)
        self._is_checked = True

    def faults(self) -> list[ConfigFault]:
        """Return the values of the core's keys that are invalid."""
        return find_faults(self, self.origin)

    def set_from(self, values: Mapping[str, object], origin: Origin) -> None:
        """Set keys, whatever their case, and record where their values come from.

        Args:
            values: The keys and their values.
            origin: Their origin.

        Raises:
            ConfigError: After startup, if a key of the core would get an invalid value; nothing is set.
        """
        if self._is_checked and (faults := find_faults(values, lambda _: origin)):
            raise ConfigError(faults)
        super().set_from(values, origin)

    def __setitem__(self, key: str, value: object) -> None:
        if self.__dict__.get("_is_checked"):  # pickle sets items before attributes
            self.set_from({key: value}, caller_origin())
        else:
            super().__setitem__(key, value)

    def __missing__(self, key: str) -> NoReturn:
        raise MissingKeyError(key, tuple(self))

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a key, and return its value; the default, if there is one, of a missing key.

        Raises:
            KeyError: The key is missing; the message has the nearest one.
        """
        return super().pop(key, *default) if default or key in self else self[key]

    def from_object(self, obj: object) -> None:
        """Set keys from the upper-case attributes of an object, usually a module or a class.

        Args:
            obj: The object, or its import name such as `"shop.settings"` or `"shop.settings:Production"`.
                A class is not instantiated: a property of it is loaded as the property object.

        Raises:
            ImportError: Nothing can be imported under that name.
            TypeError: `obj` is a mapping, whose keys are not attributes.
        """
        if isinstance(obj, Mapping):
            raise TypeError(
                f"from_object() reads attributes, and a {type(obj).__name__} keeps its keys elsewhere: "
                "use from_mapping()"
            )
        source = import_string(obj) if isinstance(obj, str) else obj
        self.set_from(
            _upper_attributes(source), Origin("object", obj if isinstance(obj, str) else _name_of(obj))
        )

    def from_pyfile(self, filename: StrPath, silent: bool = False) -> bool:
        """Run a Python file and set keys from the upper-case names that it defines.

        Args:
            filename: The file; a relative name is relative to `root_path`.
            silent: Whether to ignore a missing file.

        Returns:
            Whether the file was loaded.

        Raises:
            OSError: The file cannot be read.
        """
        path = self._path(filename)
        file = _open(path, "rb", silent=silent)
        if file is None:
            return False
        with file:
            source = file.read()
        module = types.ModuleType("config")
        module.__file__ = str(path)
        code = compile(source, path, "exec", dont_inherit=True)  # not with the `__future__` imports from here
        exec(code, module.__dict__)  # noqa: S102 - a configuration file is trusted code
        self.set_from(_upper_attributes(module), Origin("file", str(path)))
        return True

    def from_file(self, filename: StrPath, load: FileLoader, silent: bool = False, text: bool = True) -> bool:
        """Set keys from the upper-case keys of a data file.

        Example:
            `app.config.from_file("config.yaml", load=yaml.safe_load)`

        Args:
            filename: The file; a relative name is relative to `root_path`.
            load: Turns the open file into a mapping; `None` counts as an empty one.
            silent: Whether to ignore a missing file.
            text: Whether the file is opened as text, in UTF-8, or as bytes.

        Returns:
            Whether the file was loaded.

        Raises:
            OSError: The file cannot be read.
            TypeError: `load` returned something other than a mapping.
        """
        path = self._path(filename)
        file = _open(path, "r" if text else "rb", silent=silent)
        if file is None:
            return False
        with file:
            loaded = _load(file, path, load) or {}
        self.set_from(
            {key: value for key, value in loaded.items() if key.isupper()}, Origin("file", str(path))
        )
        return True

    def from_toml(self, filename: StrPath, silent: bool = False) -> bool:
        """Set keys from the upper-case top-level keys of a TOML file.

        Args:
            filename: The file; a relative name is relative to `root_path`.
            silent: Whether to ignore a missing file.

        Returns:
            Whether the file was loaded.

        Raises:
            OSError: The file cannot be read.
            tomllib.TOMLDecodeError: It is not TOML; a note names the file.
        """
        load = import_module("tomllib").load  # few applications have such a file
        return self.from_file(filename, load, silent=silent, text=False)

    def from_json(self, filename: StrPath, silent: bool = False) -> bool:
        """Set keys from the upper-case keys of the object in a JSON file.

        Args:
            filename: The file, in UTF-8; a relative name is relative to `root_path`.
            silent: Whether to ignore a missing file.

        Returns:
            Whether the file was loaded.

        Raises:
            OSError: The file cannot be read.
            json.JSONDecodeError: It is not JSON; a note names the file.
            TypeError: It holds something other than an object.
        """
        return self.from_file(filename, json.load, silent=silent)

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Run the Python file that an environment variable names; see `from_pyfile`.

        Args:
            variable_name: The environment variable.
            silent: Whether to ignore an unset or empty variable, and a missing file.

        Returns:
            Whether the file was loaded.

        Raises:
            RuntimeError: The variable is unset or empty.
            OSError: The file cannot be read.
        """
        filename = os.environ.get(variable_name)
        self.variables_read.add(variable_name)
        if filename:
            return self.from_pyfile(filename, silent=silent)
        if silent:
            return False
        raise RuntimeError(
            f"the environment variable {variable_name!r} is not set: "
            "set it to the path of a configuration file"
        )

    def from_prefixed_env(
        self, prefix: str = "COCOPOT", *, loads: Callable[[str], object] = loads_strictly
    ) -> bool:
        """Set keys from the environment variables that begin with a prefix and an underscore.

        `COCOPOT_DEBUG=true` sets `DEBUG`; `COCOPOT_MAIL__host=mx` sets the key `host` of the mapping
        `MAIL`, which is created if there is none, and otherwise copied, so that defaults shared with other
        applications do not change. Variables are read in sorted order.

        Args:
            prefix: The prefix of the names, without the underscore.
            loads: Parses a value; a value that it raises for remains text.
                With the default, which reads JSON, `12345` is a number: write `"12345"`, quotes included, for
                a text. `NaN`, `Infinity` and `1e999` are not JSON, and remain text. For a boolean of the
                core, such as DEBUG, `True`, `yes`, `on` and their opposites are read as well.

        Returns:
            True.

        Raises:
            TypeError: A double underscore refers to an item of a value that is not a mapping.
        """
        start = f"{prefix}_"
        for variable in sorted(os.environ):
            name = variable.removeprefix(start)
            top, *parts = name.split("__")
            if variable.startswith(start) and top.isupper():
                text = os.environ[variable]
                value: object = _BOOLEANS.get(text.strip().lower(), text) if name in BOOLEANS else text
                with contextlib.suppress(Exception):
                    value = loads(text)
                self.variables_read.add(variable)
                self._set_from_variable(variable, [top, *parts], value)
        return True

    def _set_from_variable(self, variable: str, keys: list[str], value: object) -> None:
        top, *parts = keys
        within = self.origin(top) if parts else None
        values = {top: self[top]} if parts and top in self else {}
        set_nested(values, keys, value, variable)
        self.set_from(values, Origin("environment", variable, within))

    def from_mapping(
        self, mapping: Mapping[str, object] | Iterable[tuple[str, object]] | None = None, **kwargs: object
    ) -> bool:
        """Set keys from the upper-case keys of what `dict` takes; keyword arguments take precedence.

        Args:
            mapping: Keys and values: a mapping, or pairs.
            kwargs: More of them.

        Returns:
            True.
        """
        merged = dict(mapping or (), **kwargs)
        self.set_from({key: value for key, value in merged.items() if key.isupper()}, caller_origin())
        return True

    def get_namespace(
        self, namespace: str, lowercase: bool = True, trim_namespace: bool = True
    ) -> dict[str, Any]:
        """Return the keys that begin with a prefix, as keyword arguments for another function.

        Example:
            >>> from cocopot import Config
            >>> config = Config("/srv/shop", {"MAIL_HOST": "mx", "MAIL_PORT": 25, "DEBUG": False})
            >>> config.get_namespace("MAIL_")
            {'host': 'mx', 'port': 25}

        Args:
            namespace: The prefix.
            lowercase: Whether the keys of the result are in lower case.
            trim_namespace: Whether they are without the prefix.

        Returns:
            A new dict.
        """
        cut = len(namespace) if trim_namespace else 0
        return {
            key[cut:].lower() if lowercase else key[cut:]: value
            for key, value in self.items()
            if key.startswith(namespace)
        }

    def _path(self, filename: StrPath) -> Path:
        return Path(self.root_path) / filename


def _name_of(obj: object) -> str:
    cls = obj if isinstance(obj, type) else type(obj)
    return obj.__name__ if isinstance(obj, types.ModuleType) else f"{cls.__module__}.{cls.__qualname__}"


def _upper_attributes(obj: object) -> dict[str, object]:
    return {name: getattr(obj, name) for name in dir(obj) if name.isupper()}


#: The configuration files that this process has tried to read.
_FILES: Final[set[str]] = set()


def files_read() -> list[str]:
    """Return the paths of the configuration files that were read, or could not be, for the reloader."""
    return sorted(_FILES)


def _open(path: Path, mode: str, *, silent: bool) -> IO[Any] | None:
    _FILES.add(str(path))
    try:
        return path.open(mode, encoding=None if "b" in mode else "utf-8")
    except OSError as error:
        if silent and error.errno in _MISSING:
            return None
        hint = f"cannot read the configuration file ({error.strerror}): check the path, relative to root_path"
        # OSError picks the subclass that belongs to the number, FileNotFoundError for one.
        raise OSError(error.errno, hint, str(path)) from error


def _load(file: IO[Any], path: Path, load: FileLoader) -> Mapping[str, object] | None:
    try:
        loaded: object = load(file)
    except Exception as error:
        error.add_note(f"while loading the configuration file {path}")
        raise
    if loaded is None or isinstance(loaded, Mapping):
        return loaded
    raise TypeError(
        f"the configuration file {path} holds a {type(loaded).__name__}: "
        "make its top level a mapping of keys to values"
    )
