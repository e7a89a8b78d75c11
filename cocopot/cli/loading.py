"""Find and import the application of a command."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cocopot.app import Cocopot
from cocopot.cli.tracebacks import strip_frames
from cocopot.exceptions import PluginError
from cocopot.functions import name_of
from cocopot.hooks.failures import collect_errors
from cocopot.hooks.selection import disabling
from cocopot.locations import locate_error, message_of
from cocopot.serving import disable_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

#: Environment variable that names the application, if `--app` does not.
APP_VARIABLE = "COCOPOT_APP"
#: Default files in the working directory, if neither names it.
DEFAULT_FILES = ("app.py", "wsgi.py")
#: Default names in a module: instances, then (after any single `Cocopot` object) factories.
INSTANCE_NAMES = ("app", "application")
FACTORY_NAMES = ("create_app", "make_app")


class NoAppError(click.ClickException):
    """The application was not found; the message lists the places that were searched."""


class NoAppNamedError(NoAppError):
    """No application was named, and there is none in the working directory."""


class AppLoader:
    """Finds the application, and imports it on the first use.

    Args:
        target: The value of `--app`, `MODULE[:NAME]` or `MODULE:FACTORY(ARGUMENTS)`, where the module may be
            a path; by default the value of `COCOPOT_APP`, or `app.py` or `wsgi.py` in the working directory.
        disable: Names of plugins that must not be loaded: the values of `--disable`.
        create_app: What creates the application, in place of `target`.
    """

    def __init__(
        self,
        target: str | None = None,
        disable: Iterable[str] = (),
        create_app: Callable[[], Cocopot] | None = None,
    ) -> None:
        self.target = target
        self.create_app = create_app
        self.disable = tuple(disable)
        self._outcome: Cocopot | BaseException | None = None

    def load(self) -> Cocopot:
        """Return the application; the import runs once, even if it fails.

        Raises:
            NoAppError: If the application is not found.
            Exception: If the application's own code raises one.
        """
        if self._outcome is None:
            try:
                with disable_run(), disabling(self.disable, "--disable"):
                    self._outcome = self._find()
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - raised again below
                self._outcome = error
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome

    def load_quietly(self) -> Cocopot:
        """Return the application; what its import prints goes to standard error instead of the output."""
        with redirect_stdout(sys.stderr):
            return self.load()

    def _find(self) -> Cocopot:
        if self.create_app is not None:
            return _call_factory(self.create_app, name_of(self.create_app), [], {})
        target = self.target or os.environ.get(APP_VARIABLE)
        if target:
            module, name = _split(target)
            return _app_in(_import(module, target), name)
        for file in DEFAULT_FILES:
            if Path(file).is_file():
                return _app_in(_import(file, file), "")
        raise NoAppNamedError(
            f"There is no application. Tried: --app, which was not passed; {APP_VARIABLE}, which is "
            f"not set; {' and '.join(DEFAULT_FILES)} in {Path.cwd()}, which do not exist. "
            "Name the module with --app MODULE, or change to its folder."
        )


def _split(target: str) -> tuple[str, str]:
    """Return module and name; the colon after a drive letter is not a separator."""
    module, *name = re.split(r":(?![\\/])", target.strip(), maxsplit=1)
    return module.strip() or "app", name[0].strip() if name else ""


# -------------------------------------------------------------------------
# The module
# -------------------------------------------------------------------------


def _import(module: str, target: str) -> ModuleType:
    path, inner = _find_path(module) if _is_path(module) else (None, "")
    folder, outer = _folder_and_name(module) if path is None else _folder_and_name_of(path)
    name = outer + inner
    if sys.path[:1] != [folder]:  # first, also if PYTHONPATH has it behind a folder with that module
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        imported = importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if strip_frames(error.__traceback__) or not f"{name}.".startswith(f"{missing}."):
            raise
        parent, _, last = missing.rpartition(".")
        hint = f" Did you mean --app {parent}:{last}?" if parent in sys.modules else ""
        raise NoAppError(
            f"The application {target!r} was not found. Tried: the module {name!r} in {folder} and on the "
            f"rest of Python's path; no module has the name {missing!r}.{hint}"
        ) from None
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        if strip_frames(error.__traceback__) or locate_error(error):
            raise
        # Python names no file for a NUL (a ValueError in 3.11.3), or for code that is nested too deeply.
        raise click.ClickException(
            f"The file {_file_of(name)} cannot be compiled: {message_of(error) or type(error).__name__}."
        ) from None
    if path is not None and not _is_loaded_from(sys.modules[outer], path):
        other = getattr(sys.modules[outer], "__file__", "a module of Python")
        raise NoAppError(f"{module} cannot be imported as {name!r}: {other} has that name. Rename the file.")
    return imported


def _file_of(name: str) -> str:
    """Return the file of a module that cannot be compiled."""
    spec = importlib.util.find_spec(name)
    return name if spec is None or spec.origin is None else spec.origin


def _is_loaded_from(module: ModuleType, path: Path) -> bool:
    """Whether a module was loaded from a file, or a package from a folder."""
    files = getattr(module, "__path__", ()) if path.is_dir() else [getattr(module, "__file__", None)]
    return any(file and Path(file).exists() and path.samefile(file) for file in files)


def _folder_and_name(module: str) -> tuple[str, str]:
    """Return the folder that must be on Python's path for a dotted name, and that name."""
    if module.startswith("."):
        raise NoAppError(
            f"{module!r} is not a module. Name one such as shop.web, or a file such as src/shop.py."
        )
    return str(Path.cwd()), module


def _find_path(module: str) -> tuple[Path, str]:
    """Return the file or folder of a path, with or without `.py`, and what follows it, as `.web`."""
    path = Path(module)
    try:
        path = path.resolve()
        if path.exists():
            return path, ""
        name, dot, inner = path.name.partition(".")
        for found in (path.with_name(f"{path.name}.py"), path.with_name(name), path.with_name(f"{name}.py")):
            if path.suffix != ".py" and found.exists():
                return found, "" if found.stem == path.name else dot + inner
        reason = ""
    except (OSError, ValueError) as error:
        reason = f" ({error.strerror if isinstance(error, OSError) else error})"
    raise NoAppError(f"The file {module!r} does not exist in {Path.cwd()}; tried {path}{reason}.")


def _folder_and_name_of(path: Path) -> tuple[str, str]:
    """Return the folder that must be on Python's path for a file or package, and its dotted name."""
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
    return _app_by_name(module, name) if name else _default_app(module)


def _app_by_name(module: ModuleType, expression: str) -> Cocopot:
    name, args, kwargs = _parse(expression)
    value: object = module
    for part in name.split("."):
        if not hasattr(value, part):
            raise NoAppError(f"The module {module.__name__!r} has no {name!r}. {_list_candidates(module)}")
        value = getattr(value, part)
    if args is None and isinstance(value, Cocopot):
        return value
    if not callable(value) or isinstance(value, Cocopot):
        raise NoAppError(
            f"{name!r} in the module {module.__name__!r} is {_type_name(value)}, not a Cocopot application "
            f"or factory. {_list_candidates(module)}"
        )
    return _call_factory(value, name, args or [], kwargs)


def _parse(expression: str) -> tuple[str, list[object] | None, dict[str, object]]:
    """Return a possibly dotted name, and the arguments of the call; `None` if it is not a call."""
    try:
        node = ast.parse(expression, mode="eval").body
        if not isinstance(node, ast.Call):
            return _dotted_name(node), None, {}
        args: list[object] = [ast.literal_eval(arg) for arg in node.args]
        kwargs: dict[str, object] = {
            keyword.arg or "**": ast.literal_eval(keyword.value) for keyword in node.keywords
        }
        return _dotted_name(node.func), args, kwargs
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):  # the last two for deep nesting
        raise NoAppError(
            f"{expression!r} is neither a name nor a call with plain values as arguments, such as "
            'create_app("dev", debug=True).'
        ) from None


def _dotted_name(node: ast.expr) -> str:
    name = ast.unparse(node)
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(name)
    return name


def _default_app(module: ModuleType) -> Cocopot:
    for name in INSTANCE_NAMES:
        if isinstance(app := getattr(module, name, None), Cocopot):
            return app
    instances = _find_instances(module)
    if len({id(app) for app in instances.values()}) > 1:
        raise NoAppError(
            f"The module {module.__name__!r} has several applications: {', '.join(instances)}. Name one of "
            f"them with --app {module.__name__}:NAME."
        )
    if instances:
        return next(iter(instances.values()))
    factories = [name for name in FACTORY_NAMES if callable(getattr(module, name, None))]
    if factories:
        name = next((name for name in factories if _needs_no_arguments(getattr(module, name))), factories[0])
        return _call_factory(getattr(module, name), name, [], {})
    raise NoAppError(
        f"There is no application in the module {module.__name__!r}. Tried, in this order: "
        f"{', '.join(INSTANCE_NAMES)}; a single Cocopot object of any name; {', '.join(FACTORY_NAMES)}. "
        f"{_list_candidates(module)}"
    )


def _needs_no_arguments(factory: Callable[..., object]) -> bool:
    try:
        inspect.signature(factory).bind()
    except (TypeError, ValueError):
        return False
    return True


def _call_factory(
    factory: Callable[..., object], name: str, args: list[object], kwargs: dict[str, object]
) -> Cocopot:
    _check_arguments(factory, name, args, kwargs)
    app = factory(*args, **kwargs)
    if not isinstance(app, Cocopot):
        returned = "None" if app is None else f"an object {_type_name(app)}"
        raise NoAppError(f"The factory {name}() returned {returned}, not a Cocopot application.")
    return app


def _check_arguments(
    factory: Callable[..., object], name: str, args: list[object], kwargs: dict[str, object]
) -> None:
    try:
        signature = inspect.signature(factory)
    except ValueError:
        return  # written in C, without a signature
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise NoAppError(
            f"The factory {name}{signature} cannot be called with these arguments: {error}. "
            f"Pass them with --app 'MODULE:{name}(...)'."
        ) from None


def _find_instances(module: ModuleType) -> dict[str, Cocopot]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Cocopot)}


def _list_candidates(module: ModuleType) -> str:
    """Return a sentence that lists the applications and factories of a module."""
    instances = _find_instances(module)
    factories = [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and (name in FACTORY_NAMES or name.endswith("_app"))
    ]
    candidates = [*instances, *(f"{name}()" for name in factories)]
    return f"It has: {', '.join(candidates)}." if candidates else "It has no Cocopot object and no factory."


def _type_name(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def load_with_errors(
    loader: AppLoader,
) -> tuple[Cocopot | None, BaseException | None, Mapping[str, PluginError]]:
    """Return the application, or `None` and the reason, and the errors of the plugins that it skipped."""
    # What is printed meanwhile goes to standard error, so that a document stays one.
    with collect_errors() as failed, redirect_stdout(sys.stderr):
        try:
            return loader.load(), None, failed
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the application's code raises
            if isinstance(error, PluginError) and error.plugin is not None:
                failed.setdefault(error.plugin, error)
            return None, error, failed
