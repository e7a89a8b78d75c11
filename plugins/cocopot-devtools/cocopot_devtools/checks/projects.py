"""A project in a folder: its metadata and the folder of its modules, without building it."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: The entry-point group under which a distribution names its plugins.
GROUP = "cocopot.plugins"
#: Folders of a project without modules of the distribution.
_OTHERS = frozenset({"build", "dist", "node_modules", "venv", "site-packages", "tests", "docs"})
#: A distribution's name (PEP 508), and the form of every version (PEP 440), without separators of paths.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"v?[0-9][A-Za-z0-9!]*([-_.+][A-Za-z0-9]+)*")


class ProjectError(Exception):
    """A folder does not contain a project whose metadata can be read."""


def stage_project(project: Path, folder: Path) -> Path:
    """Write a project's metadata as an installer would, and find its modules.

    Args:
        project: A folder with a pyproject.toml (PEP 621).
        folder: Where the folder .dist-info is written.

    Returns:
        The folder that the modules are imported from.

    Raises:
        ProjectError: If pyproject.toml is missing, cannot be parsed, or does not conform to PEP 621.
    """
    table = _project_table(project)
    info = folder / f"{str(table['name']).replace('-', '_')}-{table.get('version', '0')}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(_metadata(project, table), encoding="utf-8")
    points: Mapping[str, Mapping[str, str]] = table.get("entry-points", {})
    lines = [
        line
        for group, entries in points.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), "")
    ]
    info.joinpath("entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return _source_folder(project, [str(value) for value in points.get(GROUP, {}).values()])


def _project_table(project: Path) -> dict[str, Any]:
    file = project / "pyproject.toml"
    if not file.is_file():
        raise ProjectError(f"{project} has no pyproject.toml. Give a project's folder, a wheel, or a name.")
    try:
        table: Any = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"{file} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise ProjectError(f"{file} does not conform to PEP 621: project must be a table.")
    _check_types(file, table)
    if "name" not in table or "entry-points" in table.get("dynamic", ()):
        raise ProjectError(
            f"{file} does not have the name and the entry points under [project]. "
            "Build a wheel and check that, or install the project and check it by its name."
        )
    return table


def _check_types(file: Path, table: Mapping[str, Any]) -> None:
    for key, (fits, kind) in _KINDS.items():
        if key in table and not fits(table[key]):
            raise ProjectError(
                f"{file} does not conform to PEP 621: "
                f"{key} under [project] must be {kind}, not {table[key]!r}."
            )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_text_or_table(value: object) -> bool:
    return _is_text(value) or _is_table(value)


def _are_entry_points(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_table, value.values()))


#: By key, what its value must be.
_KINDS: Mapping[str, tuple[Callable[[Any], object], str]] = {
    "name": (lambda value: _is_text(value) and _NAME.fullmatch(value), "a distribution's name (PEP 508)"),
    "version": (lambda value: _is_text(value) and _VERSION.fullmatch(value), "a version (PEP 440)"),
    "requires-python": (_is_text, "a text"),
    "license": (_is_text_or_table, "a text or a table of texts"),
    "readme": (_is_text_or_table, "a text or a table of texts"),
    "license-files": (_are_texts, "a list of texts"),
    "classifiers": (_are_texts, "a list of texts"),
    "dependencies": (_are_texts, "a list of texts"),
    "dynamic": (_are_texts, "a list of texts"),
    "entry-points": (_are_entry_points, "a table of tables of texts"),
}


def _metadata(project: Path, table: Mapping[str, Any]) -> str:
    return (
        "".join(f"{key}: {value}\n" for key, value in _fields(project, table))
        + f"\n{_readme(project, table)}"
    )


def _fields(project: Path, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Metadata-Version", "2.4"
    yield "Name", table["name"]
    yield "Version", table.get("version", "0")
    if "requires-python" in table:
        yield "Requires-Python", table["requires-python"]
    license_ = table.get("license")
    if isinstance(license_, str):
        yield "License-Expression", license_
    elif isinstance(license_, dict):
        yield "License", " ".join(str(license_.get("text") or license_.get("file", "")).split())
    for pattern in table.get("license-files", ()):
        yield from (("License-File", file.name) for file in _matching(project, pattern))
    yield from (("Classifier", text) for text in table.get("classifiers", ()))
    yield from (("Requires-Dist", text) for text in table.get("dependencies", ()))


def _matching(project: Path, pattern: str) -> list[Path]:
    try:
        return sorted(project.glob(pattern))
    except (NotImplementedError, ValueError) as error:
        message = (
            f"license-files of {project / 'pyproject.toml'}: {pattern!r} is not a pattern of a path inside"
        )
        raise ProjectError(f"{message} the project: {error}.") from error


def _readme(project: Path, table: Mapping[str, Any]) -> str:
    readme = table.get("readme", "")
    if isinstance(readme, dict):
        if "text" in readme:
            return str(readme["text"])
        readme = readme.get("file", "")
    file = project / readme
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _source_folder(project: Path, values: list[str]) -> Path:
    """Return the folder that holds the modules of the entry points; the project's own if none does."""
    modules = [value.partition(":")[0].strip() for value in values]
    for folder in _folders(project, 3):
        if any(find_module(folder, module) is not None for module in modules):
            return folder
    return project


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """Yield a folder, and those inside that may hold modules, the conventional `src` first."""
    yield folder
    inside = sorted(
        (path for path in folder.iterdir() if path.is_dir()), key=lambda path: (path.name != "src", path)
    )
    for path in inside if depth else ():
        if path.name not in _OTHERS and not path.name.startswith(".") and not (path / "pyvenv.cfg").exists():
            yield from _folders(path, depth - 1)


def find_module(folder: Path, name: str) -> Path | None:
    """Return the folder of a package, or the file of a module, or `None` if there is neither.

    Args:
        folder: Where to look.
        name: Its name; of a dotted one, the outermost part that is not a namespace.
    """
    path = folder
    for part in name.split("."):
        path = path / part
        if (path / "__init__.py").is_file():
            return path
        if path.with_suffix(".py").is_file():
            return path.with_suffix(".py")
    return None
