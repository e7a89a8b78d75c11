"""A project in a folder: its metadata, and where its modules lie, without building or installing it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from cocopot.hooks.discovery import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Folders of a project that hold no modules of it.
_OTHERS = frozenset({"build", "dist", "node_modules", "venv", "site-packages", "tests", "docs"})


class ProjectError(Exception):
    """A folder holds no project whose metadata can be read."""


def stage_project(project: Path, folder: Path) -> Path:
    """Write what an installer would write of a project's metadata, and find its modules.

    Args:
        project: A folder with a pyproject.toml (PEP 621).
        folder: Where the folder .dist-info is written.

    Returns:
        The folder that the modules are imported from.

    Raises:
        ProjectError: If there is no pyproject.toml, or none that can be read.
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
        table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file} cannot be read: {error}") from error
    if not isinstance(table.get("name"), str) or "entry-points" in table.get("dynamic", ()):
        raise ProjectError(
            f"{file} does not have the name and the entry points under [project]. "
            "Build a wheel and check that, or install the project and check it by its name."
        )
    return table


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
        yield from (("License-File", file.name) for file in project.glob(pattern))
    yield from (("Classifier", text) for text in table.get("classifiers", ()))
    yield from (("Requires-Dist", text) for text in table.get("dependencies", ()))


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
        name: Its name; of a dotted one, the outermost part that is no namespace.
    """
    path = folder
    for part in name.split("."):
        path = path / part
        if (path / "__init__.py").is_file():
            return path
        if path.with_suffix(".py").is_file():
            return path.with_suffix(".py")
    return None
