"""Find the application that a command is about, and import it."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cocopot.app import Cocopot
from cocopot.cli.tracebacks import own_frames
from cocopot.serving import ignoring_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

#: Names the application where `--app` does not.
APP_VARIABLE = "COCOPOT_APP"
#: The files that are looked for in the working directory where neither does.
DEFAULT_FILES = ("app.py", "wsgi.py")
#: The names that are looked for in a module, before and after its only `Cocopot` object.
INSTANCE_NAMES = ("app", "application")
FACTORY_NAMES = ("create_app", "make_app")


class NoAppError(click.ClickException):
    """There is no application where one was looked for; the message says where that was."""


class AppLoader:
    """Finds the application and imports it when it is first asked for.

    Args:
        target: What `--app` says, `MODULE[:NAME]` or `MODULE:FACTORY(ARGUMENTS)`, where the module may be a
            path; by default what `COCOPOT_APP` says, or `app.py` or `wsgi.py` in the working directory.
    """

    def __init__(self, target: str | None = None) -> None:
        self.target = target
        self._outcome: Cocopot | BaseException | None = None

    def load(self) -> Cocopot:
        """Return the application; it is imported once, also where that fails.

        Raises:
            NoAppError: If there is none where it was looked for.
            Exception: Whatever the application's own code raises.
        """
        if self._outcome is None:
            try:
                with ignoring_run():
                    self._outcome = self._find()
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - it is raised again
                self._outcome = error
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome

    def load_quietly(self) -> Cocopot:
        """Return the application; what it prints meanwhile goes to standard error, not into a document."""
        with redirect_stdout(sys.stderr):
            return self.load()

    def _find(self) -> Cocopot:
        target = self.target or os.environ.get(APP_VARIABLE)
        if target:
            module, name = _split(target)
            return _app_in(_import(module, target), name)
        for file in DEFAULT_FILES:
            if Path(file).is_file():
                return _app_in(_import(file, file), "")
        raise NoAppError(
            f"There is no application. Tried: --app, which was not given; {APP_VARIABLE}, which is not set; "
            f"{' and '.join(DEFAULT_FILES)} in {Path.cwd()}, which are not there. "
            "Name the module with --app MODULE, or go to the folder that it is in."
        )


def _split(target: str) -> tuple[str, str]:
    """Return module and name; the colon behind a drive's letter separates nothing."""
    module, *name = re.split(r":(?![\\/])", target.strip(), maxsplit=1)
    return module.strip() or "app", name[0].strip() if name else ""


# -------------------------------------------------------------------------
# The module
# -------------------------------------------------------------------------


def _import(module: str, target: str) -> ModuleType:
    folder, name = _folder_and_name(module)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    path = Path(module).resolve() if _is_path(module) else None
    try:
        found = importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if own_frames(error.__traceback__) or not f"{name}.".startswith(f"{missing}."):
            raise
        parent, _, last = missing.rpartition(".")
        hint = f" Is --app {parent}:{last} meant?" if parent in sys.modules else ""
        raise NoAppError(
            f"There is no {target!r} to work with. Tried: the module {name!r} in {folder} and on the rest of "
            f"Python's path; nothing is there of the name {missing!r}.{hint}"
        ) from None
    if path is not None and not _comes_from(found, path):
        other = getattr(found, "__file__", "a module of Python")
        raise NoAppError(
            f"{module} cannot be imported as {name!r}: {other} has that name. Give the file another one."
        )
    return found


def _comes_from(module: ModuleType, path: Path) -> bool:
    """Whether a path is that of the file that a module was made from, or of a package's folder."""
    places = getattr(module, "__path__", ()) if path.is_dir() else [getattr(module, "__file__", None)]
    return any(place and Path(place).exists() and path.samefile(place) for place in places)


def _folder_and_name(module: str) -> tuple[str, str]:
    """Return the folder that must be on Python's path, and the dotted name of the module."""
    if not _is_path(module):
        if module.startswith("."):
            raise NoAppError(
                f"{module!r} is no module. Name one such as shop.web, or a file such as src/shop.py."
            )
        return str(Path.cwd()), module
    path = Path(module)
    try:
        path = path.resolve()
        there, why = path.exists(), ""
    except (OSError, ValueError) as error:
        there, why = False, f" ({error.strerror if isinstance(error, OSError) else error})"
    if not there:
        raise NoAppError(f"There is no file {module!r} in {Path.cwd()}; looked for {path}{why}.")
    path = path.parent if path.name == "__init__.py" else path.with_suffix("") if path.is_file() else path
    names = [path.name]
    while path.parent != path and (path.parent / "__init__.py").is_file():
        path = path.parent
        names.insert(0, path.name)
    return str(path.parent), ".".join(names)


def _is_path(module: str) -> bool:
    return module.endswith(".py") or "/" in module or os.sep in module


# -------------------------------------------------------------------------
# The name in the module
# -------------------------------------------------------------------------


def _app_in(module: ModuleType, name: str) -> Cocopot:
    return _named(module, name) if name else _unnamed(module)


def _named(module: ModuleType, expression: str) -> Cocopot:
    name, args, kwargs = _parse(expression)
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            raise NoAppError(f"The module {module.__name__!r} has no {name!r}. {_offer(module)}")
        value = getattr(value, part)
    if args is None and isinstance(value, Cocopot):
        return value
    if not callable(value) or isinstance(value, Cocopot):
        raise NoAppError(
            f"{name!r} in the module {module.__name__!r} is {_kind(value)}, and no Cocopot application or "
            f"factory. {_offer(module)}"
        )
    return _made(value, name, args or [], kwargs)


def _parse(expression: str) -> tuple[str, list[Any] | None, dict[str, Any]]:
    """Return a name, possibly dotted, and the arguments behind it; `None` if there are no parentheses."""
    try:
        node = ast.parse(expression, mode="eval").body
        if not isinstance(node, ast.Call):
            return _dotted(node), None, {}
        args = [ast.literal_eval(arg) for arg in node.args]
        kwargs = {keyword.arg or "**": ast.literal_eval(keyword.value) for keyword in node.keywords}
        return _dotted(node.func), args, kwargs
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):  # the last for deep nesting
        raise NoAppError(
            f"{expression!r} is neither a name nor a call with plain values as arguments, such as "
            'create_app("dev", debug=True).'
        ) from None


def _dotted(node: ast.expr) -> str:
    name = ast.unparse(node)
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(name)
    return name


def _unnamed(module: ModuleType) -> Cocopot:
    for name in INSTANCE_NAMES:
        if isinstance(found := getattr(module, name, None), Cocopot):
            return found
    instances = _instances(module)
    if len({id(getattr(module, name)) for name in instances}) > 1:
        raise NoAppError(
            f"The module {module.__name__!r} has several applications: {', '.join(instances)}. Name one of "
            f"them with --app {module.__name__}:NAME."
        )
    if instances:
        return getattr(module, instances[0])  # type: ignore[no-any-return]
    factories = [name for name in FACTORY_NAMES if callable(getattr(module, name, None))]
    if factories:
        name = next((name for name in factories if _needs_nothing(getattr(module, name))), factories[0])
        return _made(getattr(module, name), name, [], {})
    raise NoAppError(
        f"There is no application in the module {module.__name__!r}. Tried, in this order: "
        f"{', '.join(INSTANCE_NAMES)}; an only Cocopot object of any name; {', '.join(FACTORY_NAMES)}. "
        f"{_offer(module)}"
    )


def _needs_nothing(factory: Callable[..., object]) -> bool:
    try:
        inspect.signature(factory).bind()
    except (TypeError, ValueError):
        return False
    return True


def _made(factory: Callable[..., object], name: str, args: list[Any], kwargs: dict[str, Any]) -> Cocopot:
    try:
        signature = inspect.signature(factory)
        signature.bind(*args, **kwargs)
    except ValueError:
        pass  # written in C, it does not say what it takes
    except TypeError as error:
        raise NoAppError(
            f"The factory {name}{signature} cannot be called with the arguments that it is given: {error}. "
            f"Pass them with --app 'MODULE:{name}(...)'."
        ) from None
    app = factory(*args, **kwargs)
    if not isinstance(app, Cocopot):
        found = "None" if app is None else f"an object {_kind(app)}"
        raise NoAppError(f"The factory {name}() returned {found}, and no Cocopot application.")
    return app


def _instances(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, Cocopot)]


def _offer(module: ModuleType) -> str:
    """Say which applications and factories a module has."""
    instances = _instances(module)
    factories = [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and (name in FACTORY_NAMES or name.endswith("_app"))
    ]
    found = [*instances, *(f"{name}()" for name in factories)]
    return f"It has: {', '.join(found)}." if found else "It has no Cocopot object and no factory."


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
