"""The private and undocumented names of other libraries that Cocopot uses.

An upgrade that removes one of them fails here first, by name. A new use has to be added to the list.
"""

from __future__ import annotations

import ast
import atexit
import importlib
import inspect
import json
import re
import sys
import threading
import traceback
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import granian.server
import importlib_metadata
import pluggy
import pytest
import werkzeug._reloader
import werkzeug.routing.matcher
import werkzeug.routing.rules
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session
from werkzeug.datastructures import Headers, MIMEAccept
from werkzeug.local import LocalProxy
from werkzeug.routing import Map, Rule
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
PACKAGES = [ROOT / "cocopot", *sorted((ROOT / "plugins").glob("*/cocopot_*"))]
LIBRARIES = ("werkzeug", "pluggy", "importlib_metadata", "packaging", "click", "alembic")


@dataclass(frozen=True, slots=True)
class PrivateName:
    """A private name of another library.

    Args:
        name: The name.
        modules: The modules that use it, below the package, separated by spaces.
        reason: Why it is used.
        owner: Returns an object that has it; `None` if it exists only for type checkers and compilers.
    """

    name: str
    modules: str
    reason: str
    owner: Callable[[], object] | None


def _rule() -> Rule:
    rule = Rule("/<int:number>", endpoint="number")
    Map([rule])
    return rule


def _read_request() -> Request:
    request = Request(create_environ(data=b"{}", method="POST"))
    request.get_data()
    return request


def _metadata() -> object:
    return importlib_metadata.distribution("werkzeug")


PRIVATE_NAMES = [
    # Werkzeug: routing
    PrivateName(
        "_parts", "routing.captures routing.matcher routing.parts", "the compiled parts of a rule", _rule
    ),
    PrivateName(
        "_converters",
        "routing.captures routing.walk routing.building routing.parts",
        "the converters of a rule's variables",
        _rule,
    ),
    PrivateName(
        "_compile_builder", "routing.rule", "replaced by a builder that is compiled when used", _rule
    ),
    PrivateName("_trace", "routing.rule routing.building", "what the URLs of a rule are built from", _rule),
    PrivateName("_encode_query_vars", "routing.building", "encodes the query of a URL", _rule),
    PrivateName("_matcher", "routing.router speedups.python", "replaced by Cocopot's matcher", Map),
    PrivateName("_remap", "routing.router", "update() sorts into new lists, for other threads", Map),
    PrivateName(
        "_rules_by_endpoint", "routing.router", "update() sorts into new lists, for other threads", Map
    ),
    PrivateName(
        "_root",
        "routing.matcher",
        "the tree from which the matcher's table is built",
        lambda: werkzeug.routing.matcher.StateMachineMatcher(merge_slashes=True),
    ),
    PrivateName(
        "StateMachineMatcher",
        "routing.matcher",
        "undocumented: the base class of Cocopot's matcher",
        lambda: werkzeug.routing.matcher,
    ),
    PrivateName(
        "State",
        "routing.table routing.walk routing.matcher",
        "undocumented: the tree's nodes",
        lambda: werkzeug.routing.matcher,
    ),
    PrivateName(
        "RulePart",
        "routing.captures routing.readers routing.edges routing.matcher routing.parts",
        "undocumented: the type of Rule._parts",
        lambda: werkzeug.routing.rules,
    ),
    # Werkzeug: requests
    PrivateName("_cached_json", "request", "get_json() without the checks of Werkzeug's", _read_request),
    PrivateName(
        "_cached_data", "request forms", "the body that has been read, for get_json()", _read_request
    ),
    PrivateName("_load_form_data", "request forms", "reports broken bodies as 4xx", lambda: Request),
    PrivateName("_get_file_stream", "forms", "the place of an uploaded file", lambda: Request),
    PrivateName("_value_matches", "accept", "compares with a cached result", lambda: MIMEAccept),
    PrivateName("_specificity", "accept", "sorts with a cached result", lambda: MIMEAccept),
    PrivateName("_list", "datastructures forms head", "headers without a second validation", Headers),
    # Werkzeug: responses and proxies
    PrivateName("_on_close", "response", "no list for responses without callbacks", Response),
    PrivateName("_wrap_range_response", "conditions", "sends a part of the body", Response),
    PrivateName("_status", "files response", "a known status, without parsing it", Response),
    PrivateName("_parse_content_type", "request", "parses the content type once", lambda: Request),
    PrivateName("_parsed_content_type", "request", "what that sets", None),
    PrivateName("_status_code", "files response", "a known status, without parsing it", Response),
    PrivateName("_clean_status", "response", "rejects a status outside 100 to 599", Response),
    PrivateName(
        "_get_current_object",
        "names proxies speedups.proxies",
        "the object behind a proxy",
        lambda: LocalProxy,
    ),
    PrivateName("_LocalProxy__wrapped", "proxies", "what its constructor sets", lambda: LocalProxy),
    # Werkzeug: the test client
    *(
        PrivateName(name, "testing.client", "the cookies of a session_transaction", lambda: Client(None))  # type: ignore[arg-type]
        for name in ("_cookies", "_add_cookies_to_wsgi", "_update_cookies_from_response")
    ),
    # Werkzeug: the reloader
    PrivateName("_reloader", "serving.reloader", "the module of the reloader", lambda: werkzeug),
    PrivateName(
        "_get_args_for_reloading",
        "serving.reloader",
        "the command that starts this program again",
        lambda: werkzeug._reloader,
    ),
    # granian
    *(
        PrivateName(name, modules, reason, lambda: granian.server.MPServer)
        for name, modules, reason in (
            ("_spawn_worker", "cli.servers.granian", "the supervisor starts a worker again"),
            ("_spawn_workers", "cli.servers.granian", "the supervisor starts the workers"),
            ("_serve_loop", "cli.servers.granian", "the supervisor replaces workers that ended"),
        )
    ),
    PrivateName("_signals", "cli.servers.granian", "a worker calls its handler once", lambda: granian),
    # pluggy
    PrivateName("_hookexec", "hooks.calls", "calls in Cocopot's order", lambda: pluggy.PluginManager("demo")),
    PrivateName(
        "_inner_hookexec",
        "hooks.calls",
        "monitoring and tracing replace it",
        lambda: pluggy.PluginManager("demo"),
    ),
    PrivateName(
        "_verify_hook",
        "hooks.manager",
        "checks an implementation, with a PluginError in place of pluggy's",
        lambda: pluggy.PluginManager("demo"),
    ),
    PrivateName(
        "_hookimpls",
        "hooks.manager",
        "the implementations of a hook, of which a plugin's own are removed, not those of an equal one",
        lambda: pluggy.HookCaller("demo", lambda *_: None),
    ),
    PrivateName(
        "_name2plugin",
        "hooks.manager hooks.identity",
        "the names in use, blocked ones too",
        lambda: pluggy.PluginManager("demo"),
    ),
    PrivateName(
        "_SubsetHookCaller",
        "hooks.identity",
        "calls a hook without some plugins, which may have no hash",
        lambda: pluggy._hooks,
    ),
    PrivateName("_hooks", "hooks.identity", "has the class above", lambda: pluggy),
    # importlib-metadata
    PrivateName(
        "_normalized_name", "hooks.distributions", "the folder's name, without its metadata", _metadata
    ),
    PrivateName("_path", "hooks.distributions checks.targets", "where broken metadata is", _metadata),
    PrivateName(
        "_meta",
        "hooks.candidates hooks.distributions hooks.locks hooks.versions hooks.imports "
        "hooks.unrecorded checks.targets plans.dependencies plans.hiding plans.planning plans.staging",
        "the protocol of distributions, for type checkers",
        lambda: importlib_metadata,
    ),
    # SQLAlchemy
    PrivateName(
        "_trans_context_manager",
        "transactions",
        "functions of on_commit use a session inside its `with session.begin()`",
        Session,
    ),
    # Alembic
    PrivateName(
        "_load_revisions",
        "migrations.history",
        "reads the files of revisions, to which those are added that the database alone has",
        lambda: ScriptDirectory,
    ),
    # CPython
    PrivateName(
        "_current_frames", "lifespan", "the line that the thread of the startup hooks runs", lambda: sys
    ),
    PrivateName(
        "_getframe",
        "app missing_names origins testing.kit queries",
        "the caller, as in `warnings` and `logging`",
        lambda: sys,
    ),
    PrivateName("_at_fork_reinit", "fork_safety", "releases a lock in the child of a fork", threading.Lock),
    PrivateName("_ncallbacks", "checks.effects", "whether a plugin registers exit handlers", lambda: atexit),
    PrivateName(
        "_frozen_importlib", "cli.tracebacks", "frames of an import, cut off tracebacks", lambda: sys.modules
    ),
    PrivateName(
        "_str",
        "logs",
        "the message of an exception, escaped in its traceback",
        lambda: traceback.TracebackException(ValueError, ValueError(), None),
    ),
    PrivateName("c_make_encoder", "json_encoders", "an encoder that serves many calls", lambda: json.encoder),
    PrivateName("scan_once", "strict_json", "decodes without searching for white space", json.JSONDecoder),
    PrivateName("_typeshed", "cli.routes sessions", "types of arguments, for type checkers only", None),
]

#: Documented, in spite of the underscore.
PUBLIC = {"_asdict": "of a named tuple", "_exit": "of `os`", "_replace": "of a named tuple"}
#: Names that Cocopot defines, and uses on other objects than `self`; a library happens to have them too.
OWN = {
    ("_headers", "files"): "an attribute of Cocopot's response",
    ("_query_string", "speedups.python"): "an attribute of Cocopot's request",
}


# -------------------------------------------------------------------------
# Every name exists, and is used
# -------------------------------------------------------------------------


@pytest.mark.parametrize("private", [p for p in PRIVATE_NAMES if p.owner], ids=lambda private: private.name)
def test_the_installed_version_has_the_name(private: PrivateName) -> None:
    """The installed versions of the libraries and of Python have every name."""
    assert private.owner is not None
    owner = private.owner()
    assert hasattr(owner, private.name) or (isinstance(owner, dict) and private.name in owner), private.reason


@pytest.mark.parametrize("private", PRIVATE_NAMES, ids=lambda private: private.name)
def test_the_modules_use_the_name(private: PrivateName) -> None:
    """The list does not name what is not used any more."""
    for module in private.modules.split():
        assert re.search(rf"\b{private.name}\b", _sources()[module]), f"{module} does not use {private.name}"


# -------------------------------------------------------------------------
# The list is complete
# -------------------------------------------------------------------------


def test_the_list_is_complete() -> None:
    """Every private name of a library that a module uses is in the list, as far as the source shows it."""
    listed = {(private.name, module) for private in PRIVATE_NAMES for module in private.modules.split()}
    used = {(use.name, use.module) for use in _uses() if _is_foreign(use)}
    assert used >= {("_parts", "routing.captures"), ("_status", "response"), ("_meta", "hooks.distributions")}
    assert used - listed - OWN.keys() == set()
    assert OWN.keys() <= used


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a private name is used.

    Args:
        name: The name.
        module: The module, below its package.
        owner: Full name of the class whose attribute it is; `None` for an attribute of another object.
        is_import: Whether it is imported.
    """

    name: str
    module: str
    owner: str | None = None
    is_import: bool = False


class _Visitor(ast.NodeVisitor):
    """Collects the uses and the definitions of private names in a module."""

    def __init__(self, package: str, module: str) -> None:
        self.uses: set[Use] = set()
        self.defined: set[str] = set()
        self._package = package
        self._module = module
        self._classes: list[str] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._define(node.name)
        self._classes.append(node.name)
        for statement in node.body:
            for name in _bound_names(statement):
                self._add(name, is_own=True)
        self.generic_visit(node)
        self._classes.pop()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        is_own = ast.unparse(node.value).startswith(
            ("self", "cls", "super(", "type(self)")
        ) and not isinstance(node.value, ast.Attribute)
        if is_own and isinstance(node.ctx, ast.Store):
            self._define(node.attr)
        self._add(node.attr, is_own)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func) in {"getattr", "hasattr", "setattr", "delattr"}:
            owner, name, *_ = node.args
            if isinstance(name, ast.Constant):
                self._add(str(name.value), ast.unparse(owner) in {"self", "cls"})
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define(node.name)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._define(node.id)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._import(f"{node.module}.{alias.name}")

    def _import(self, full: str) -> None:
        parts = full.split(".")
        if not parts[0].startswith("cocopot"):
            self.uses.update(Use(part, self._module, is_import=True) for part in parts if _is_private(part))

    def _add(self, name: str, is_own: bool) -> None:
        if _is_private(name):
            owner = ".".join([self._package, self._module, *self._classes])
            self.uses.add(Use(name, self._module, owner if is_own and self._classes else None))

    def _define(self, name: str) -> None:
        if _is_private(name):
            self.defined.add(name)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in PUBLIC and name.strip("_") != ""


def _bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield what a statement in the body of a class defines."""
    if isinstance(statement, ast.FunctionDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


@cache
def _sources() -> dict[str, str]:
    """Return the sources of the packages by module, without the name of the package."""
    sources: dict[str, str] = defaultdict(str)
    for package in PACKAGES:
        for path in package.rglob("*.py*"):
            if path.suffix in {".py", ".pyx"}:
                sources[_module(path, package)] += path.read_text("utf-8")
    return sources


def _module(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")


@cache
def _visited() -> tuple[_Visitor, ...]:
    visitors = []
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            visitor = _Visitor(package.name, _module(path, package))
            visitor.visit(ast.parse(path.read_text("utf-8")))
            visitors.append(visitor)
    return tuple(visitors)


def _uses() -> set[Use]:
    return set().union(*(visitor.uses for visitor in _visited()))


def _is_foreign(use: Use) -> bool:
    """Return whether a private name is one of a library.

    An attribute of `self` is if a base class from elsewhere has it. An attribute of another object is if
    Cocopot does not define the name, or a library defines it too.
    """
    is_defined = any(use.name in visitor.defined for visitor in _visited())
    if use.is_import or not is_defined:
        return True
    if use.owner is None:
        return use.name in _library_names()
    return any(use.name in _private_names(base) for base in _foreign_bases(use.owner))


@cache
def _library_names() -> frozenset[str]:
    """Return the private names that the libraries define."""
    names: set[str] = set()
    for library in LIBRARIES:
        spec = find_spec(library)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            for path in Path(folder).rglob("*.py"):
                visitor = _Visitor(library, path.stem)
                visitor.visit(ast.parse(path.read_text("utf-8")))
                names |= visitor.defined
    return frozenset(names)


def _foreign_bases(full: str) -> list[type]:
    """Return the base classes from elsewhere of a class; none if it does not exist at run time."""
    parts = full.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for name in parts[length:]:
            found = getattr(found, name, None)
        return (
            [base for base in inspect.getmro(found) if _is_from_elsewhere(base)]
            if isinstance(found, type)
            else []
        )
    return []


def _is_from_elsewhere(base: type) -> bool:
    return not base.__module__.startswith("cocopot") and base.__module__ != "builtins"


@cache
def _private_names(base: type) -> frozenset[str]:
    """Return the private attributes of a class, and those that its methods set on instances."""
    names = {name for name in vars(base) if _is_private(name)}
    try:
        tree = ast.parse(inspect.cleandoc(inspect.getsource(base)))
    except (OSError, TypeError, SyntaxError):  # without a source, or nested
        return frozenset(names)
    visitor = _Visitor("", "")
    visitor.visit(tree)
    return frozenset(names | visitor.defined)
