"""Distributions that are built from source text and installed for the duration of a test."""

from __future__ import annotations

import base64
import hashlib
import importlib
import re
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cocopot.hooks.candidates import installed
from cocopot.hooks.distributions import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

#: Characters of distribution names and versions: both become part of a folder's name.
_NAME_OR_VERSION = re.compile(r"[A-Za-z0-9][\w.+!-]*", re.ASCII)
_NAME_OR_VERSION_RULE = "a letter or digit, then more of these, '_', '.', '+', '!' or '-'"


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A temporarily installed distribution.

    Args:
        distribution: Name of the distribution.
        version: Version of the distribution.
        entry_points: Names and values of its entry points.
        path: The installation folder, first on `sys.path`; put it on `PYTHONPATH` to use the plugin in
            another process.
    """

    distribution: str
    version: str
    entry_points: Mapping[str, str]
    path: Path


@contextmanager
def installed_plugin(
    name: str | Mapping[str, str],
    source: str,
    *,
    distribution: str | None = None,
    version: str = "1.0.0",
    modules: Mapping[str, str] | None = None,
    dependencies: Iterable[str] = (),
    entry_point: str | None = None,
    group: str = GROUP,
) -> Iterator[InstalledPlugin]:
    """Install a distribution for the duration of a `with` block, so that applications discover its plugin.

    The distribution has one module with the distribution's name, `_` instead of `-`, and the metadata that an
    installer writes, in a temporary folder at the front of `sys.path`. At the end of the block the folder and
    the imported modules are removed, and modules that they replaced are restored: use the application inside
    the block.

    Example:
        ```python
        from cocopot.testing import installed_plugin, make_app

        HELLO = '''
            from cocopot import hookimpl

            class Hello:
                @hookimpl
                def cocopot_setup(self, app):
                    app.add_url_rule("/", "hello", lambda: "hello")
        '''

        with installed_plugin("hello", HELLO, entry_point="cocopot_hello:Hello"):
            app = make_app(autoload={"hello"})
            assert app.test_client().get("/").text == "hello"
        ```

    Args:
        name: Name of the entry point; or a mapping of several names to their values.
        source: Source of the module; may be indented.
        distribution: Name of the distribution; by default `cocopot-NAME`.
        version: Version of the distribution.
        modules: Sources of additional modules by their dotted names; parent packages are created.
        dependencies: Declared dependencies, such as `"cocopot>=1.0"`; they are not installed.
        entry_point: Value of the entry point, `"module"` or `"module:object"`; by default the module.
        group: The entry-point group; `"cocopot.commands"` for commands that need no application.

    Raises:
        ValueError: If `entry_point` is combined with several names, if `name` is empty, or if a name or the
            version is invalid.
    """
    if not name:
        raise ValueError("An entry point needs a name.")
    distribution = distribution or f"cocopot-{name if isinstance(name, str) else next(iter(name))}"
    module = re.sub(r"[-.]+", "_", distribution)
    if isinstance(name, str):
        entry_points = {name: entry_point or module}
    elif entry_point is None:
        entry_points = dict(name)
    else:
        raise ValueError("entry_point= is for a single name; a mapping of names has their values.")
    sources = {module: source, **(modules or {})}
    dependencies = list(dependencies)
    _check_names(distribution, version, entry_points, sources)
    _check_lines(group, *entry_points, *entry_points.values(), *dependencies)
    with tempfile.TemporaryDirectory(prefix="cocopot-plugin-") as folder:
        plugin = InstalledPlugin(distribution, version, entry_points, Path(folder).resolve())
        _write(plugin, group, sources, dependencies)
        with _importable(plugin.path, {name.partition(".")[0] for name in sources}):
            yield plugin


def _check_names(
    distribution: str, version: str, entry_points: Iterable[str], modules: Iterable[str]
) -> None:
    """Reject names that lead out of the folder, or that the metadata format cannot represent."""
    for what, text in (("distribution", distribution), ("version", version)):
        if not _NAME_OR_VERSION.fullmatch(text):
            raise ValueError(f"{text!r} is not a valid {what}: it must be {_NAME_OR_VERSION_RULE}.")
    for name in entry_points:
        if name != name.strip() or name.startswith(("[", "#", ";")) or "=" in name:
            raise ValueError(
                f"{name!r} is not a valid entry point: no '=', no outer blanks, no '[', '#' or ';' first."
            )
    for module in modules:
        if not all(part.isidentifier() for part in _parts(module)):
            raise ValueError(f"{module!r} is not a valid module name: its dotted parts must be identifiers.")


def _check_lines(*texts: str) -> None:
    for text in texts:
        if not text.strip() or not text.isprintable():
            raise ValueError(f"{text!r} cannot be written to the metadata of a distribution.")


# -------------------------------------------------------------------------
# Files
# -------------------------------------------------------------------------


def _write(
    plugin: InstalledPlugin, group: str, sources: Mapping[str, str], dependencies: Iterable[str]
) -> None:
    """Write the modules and the metadata (the core metadata and entry points specifications, PEP 376)."""
    info = f"{re.sub(r'[-_.]+', '_', plugin.distribution).lower()}-{plugin.version}.dist-info"
    points = [f"{name} = {value}" for name, value in plugin.entry_points.items()]
    fields = [f"Name: {plugin.distribution}", f"Version: {plugin.version}"]
    fields += [f"Requires-Dist: {dependency}" for dependency in dependencies]
    files = _module_files(sources) | {
        f"{info}/METADATA": _lines("Metadata-Version: 2.1", *fields),
        f"{info}/WHEEL": _lines("Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"),
        f"{info}/INSTALLER": _lines("cocopot.testing"),
        f"{info}/entry_points.txt": _lines(f"[{group}]", *points),
    }
    record = [f"{file},{_digest(text)},{len(text.encode())}" for file, text in files.items()]
    files[f"{info}/RECORD"] = _lines(*record, f"{info}/RECORD,,")
    for file, text in files.items():
        path = plugin.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def _module_files(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each module by file; a module that contains others becomes a package."""
    packages = {".".join(parts[:end]) for parts in map(_parts, sources) for end in range(1, len(parts))}
    files = {f"{package.replace('.', '/')}/__init__.py": "" for package in packages}
    for name, source in sources.items():
        path = name.replace(".", "/")
        files[f"{path}/__init__.py" if name in packages else f"{path}.py"] = textwrap.dedent(source)
    return files


def _parts(module: str) -> list[str]:
    return module.split(".")


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.decode().rstrip('=')}"


# -------------------------------------------------------------------------
# Imports
# -------------------------------------------------------------------------


@contextmanager
def _importable(path: Path, names: set[str]) -> Iterator[None]:
    """Put a folder on `sys.path`, and unload modules with the names of its modules."""
    replaced = _unload_modules(names)
    sys.path.insert(0, str(path))
    _clear_import_caches()
    try:
        yield
    finally:
        if str(path) in sys.path:
            sys.path.remove(str(path))
        sys.path_importer_cache.pop(str(path), None)
        _unload_modules(names)
        sys.modules.update(replaced)
        _clear_import_caches()


def _unload_modules(names: set[str]) -> dict[str, ModuleType]:
    """Remove modules and their submodules from `sys.modules`, and return them."""
    found = [name for name in list(sys.modules) if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in found}


def _clear_import_caches() -> None:
    importlib.invalidate_caches()
    installed.cache_clear()
