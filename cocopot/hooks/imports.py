"""Import the object that an entry point names, with the cause and the cure if that fails."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import sys
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from cocopot.locations import locate, locate_error, message_of
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from importlib_metadata._meta import IDistribution

    from cocopot.exceptions import PluginError
    from cocopot.hooks.candidates import Candidate

#: A reference to a module, or to an object in it, and extras, which are ignored (the entry points
#: specification).
_REFERENCE = r"(\w+(?:\.\w+)*)\s*(?::\s*(\w+(?:\.\w+)*))?\s*(?:\[.*\])?"
#: The name at the beginning of a requirement (PEP 508).
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def import_target(candidate: Candidate) -> object:
    """Return the module, class or object that the entry point of a plugin names.

    Args:
        candidate: An installed plugin.

    Raises:
        PluginError: If the value is not a reference, or the module or the object in it is missing.
        Exception: Whatever the import raises.
    """
    match = re.fullmatch(_REFERENCE, candidate.value.strip())
    if match is None:
        problem = f"has the entry point {candidate.value!r}, which is not a reference."
        cure = "Its author must name a module, or an object in a module, such as 'module:object'."
        raise candidate.error(problem, reason="import", cure=cure)
    module_name, attributes = match[1], match[2]
    try:
        target: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise _missing_module(candidate, module_name, error) from error
    for attribute in attributes.split(".") if attributes else ():
        target = _attribute(candidate, target, attribute)
    return target


def _attribute(candidate: Candidate, target: object, name: str) -> object:
    try:
        return getattr(target, name)
    except AttributeError as error:
        hint = did_you_mean(name, _public_names(target))
        problem = f"names {name!r}, which {_describe(target)} does not have. {hint}".rstrip()
        cure = "Its author must correct the entry point."
        raise candidate.error(problem, reason="import", place=locate(target), cure=cure) from error


def _public_names(target: object) -> list[str]:
    return [name for name in dir(target) if not name.startswith("_")]


def _describe(target: object) -> str:
    name = getattr(target, "__name__", None)
    return f"{'the module' if inspect.ismodule(target) else 'the object'} {name or target!r:.80}"


def instantiate(candidate: Candidate, cls: type) -> object:
    """Return an instance of a plugin's class.

    Args:
        candidate: The plugin.
        cls: The class.

    Raises:
        PluginError: If it cannot be instantiated without arguments.
        Exception: Whatever it raises itself.
    """
    try:
        return cls()
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is not None:
            raise  # from inside
        problem = f"failed to load: TypeError: {message_of(error)}"
        cure = (
            "A plugin's class is instantiated without arguments. The application is passed to its hooks, "
            "such as cocopot_setup(app)."
        )
        place = locate(cls.__init__ if inspect.isfunction(cls.__init__) else cls)  # type: ignore[misc]
        raise candidate.error(problem, reason="import", place=place, cure=cure) from error


# -------------------------------------------------------------------------
# Missing modules
# -------------------------------------------------------------------------


def _missing_module(candidate: Candidate, module: str, error: ModuleNotFoundError) -> PluginError:
    missing = error.name or ""
    is_own = missing.partition(".")[0] == module.partition(".")[0]
    cure = _cure_own(candidate, missing) if is_own else _cure_dependency(candidate, missing)
    problem = f"failed to load: {type(error).__name__}: {message_of(error)}"
    return candidate.error(problem, reason="import", place=locate_error(error), cure=cure)


def _cure_own(candidate: Candidate, missing: str) -> str:
    """Return the cure for a missing module of the plugin's own distribution."""
    distribution = _distribution(candidate)
    package = sys.modules.get(missing.rpartition(".")[0])
    known = _top_modules(distribution) if package is None else _submodules(package)
    if hint := did_you_mean(missing, known):
        return f"Its author must correct the name of the module. {hint}"
    source = editable_source(distribution)
    place = f" It was installed in editable mode from {source}." if source else ""
    return f"Reinstall {candidate.distribution}: its files are missing.{place}"


def _cure_dependency(candidate: Candidate, missing: str) -> str:
    """Return the cure for a missing module of another distribution."""
    top = missing.partition(".")[0]
    distribution = _distribution(candidate)
    for requirement in () if distribution is None else distribution.requires or ():
        name = re.match(_NAME, requirement)
        if name is not None and re.sub(r"[-_.]+", "_", name[0]).lower() == top.lower():
            return f"Install {requirement!r}, which {candidate.distribution} requires."
    return f"Install what provides the module {top!r}; {candidate.distribution} does not declare it."


def _distribution(candidate: Candidate) -> IDistribution | None:
    return None if candidate.entry_point is None else candidate.entry_point.dist


def _submodules(package: ModuleType) -> list[str]:
    paths: Iterable[str] = getattr(package, "__path__", ())
    return [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(paths)]


def _top_modules(distribution: IDistribution | None) -> list[str]:
    """Return the modules of a distribution that exist, as far as its record of files names them."""
    with suppress(Exception):  # the record may be missing or broken
        files = () if distribution is None else distribution.files or ()
        paths = [PurePath(str(file)) for file in files if Path(str(file.locate())).exists()]
        return sorted({path.parts[0].removesuffix(".py") for path in paths if path.suffix == ".py"})
    return []


def editable_source(distribution: IDistribution | None) -> str:
    """Return the folder that a distribution was installed from in editable mode (PEP 610), or empty text."""
    with suppress(Exception):  # whatever is in that file
        text = None if distribution is None else distribution.read_text("direct_url.json")
        origin = json.loads(text or "{}")
        if origin["dir_info"]["editable"]:
            return str(origin["url"]).removeprefix("file://")
    return ""
