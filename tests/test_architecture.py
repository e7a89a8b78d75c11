"""The rules of DESIGN and STYLE that can be read off the source."""

from __future__ import annotations

import ast
import importlib
import re
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cocopot"

#: Every module, from the bottom up: one imports only from those above it in this list.
LAYERS = """
fork_safety
lazy_werkzeug
types
locations
functions
option_errors option_types
exceptions
environment
suggestions escapes frames
debug_errors
missing_names speedups.streams
hosts
scopes
speedups.bodies speedups.documents speedups.headers speedups.helpers speedups.multipart speedups.proxies
speedups.quoting speedups.python speedups.reports speedups.requests speedups.serving speedups.urls
speedups.wrappers speedups
context globals
origins
config_keys plugin_keys
strict_json
config config_attributes
json_encoders json_provider json
arguments datastructures
statuses
wsgi head
body
accept
header_parsers
lazy_attributes
forms
request_urls
request
header_objects conditions cookies
response
redirects
session_cookies sessions
routing.parts routing.converters routing.building routing.rule
routing.readers routing.edges routing.walk routing.defaults routing.captures routing.plans
routing.slashes routing.table routing.matcher routing.router routing
coroutines
proxies
flashing async_reading streaming open_streams sse
files helpers
paths
folders
logs
teardown_functions
hooks.markers
hooks.specs.application hooks.specs.requests hooks.specs.sessions hooks.specs.templates hooks.specs.responses
hooks.specs.errors hooks.specs.urls hooks.specs
hooks.failures hooks.dist_info hooks.distributions hooks.versions hooks.imports
hooks.declarations hooks.names hooks.candidates hooks.unrecorded
hooks.locks hooks.selection hooks.records hooks.identity
hooks.conflicts hooks.wrappers hooks.ordering hooks.claims
hooks.source hooks.contract hooks.results hooks.blame hooks.every hooks.compiler hooks.observers
hooks.call_scopes hooks.attribution hooks.missing hooks.culprits hooks.needs
hooks.calls hooks.manager
hooks.advice hooks.loading hooks.reporting
hooks
urls engine_results
templating
explanations
pipeline.debug_page pipeline.error_pages
pipeline.defaults.dispatch pipeline.defaults.responses pipeline.defaults.errors pipeline.defaults.static
pipeline.defaults.json_provider pipeline.defaults.sessions
event_loop pipeline.defaults.coroutines pipeline.defaults
pipeline.closing pipeline.matching pipeline.mistakes pipeline.sending pipeline.sessions
pipeline.teardown pipeline.lifecycle pipeline.fastpath pipeline.endpoint pipeline.entry
pipeline.middleware pipeline.overrides pipeline
registry.tables registry.callbacks registry.blueprint_scopes registry.error_handlers
registry.route_options registry.rules
registry.properties registry.template_folders registry.templates registry.checkpoints
registry.decorators registry.blueprint_commands registry.blueprints
registry
views
lifespan
testing.client
runnable
app
testing.recorder testing.distributions testing.kit testing
serving.address serving.banner serving.chunks serving.frames serving.in_flight serving.handler
serving.reloader serving.debugger serving.development serving
cli.tables cli.tracebacks cli.loading cli.env_files cli.masking_names cli.masking_urls cli.masking_texts
cli.masking cli.matching cli.worker cli.servers.base cli.reload cli.supervisor
cli.servers.shared_socket cli.servers.granian cli.servers.gunicorn cli.servers.waitress cli.servers.bjoern
cli.servers cli.workers cli.run
cli.completion cli.variables cli.findings cli.plugin_findings cli.production
cli.config cli.routes cli.shell
cli.plugin_lock cli.plugin_reports cli.plugins_text cli.plugins
cli.app_groups cli.external cli.groups cli.check cli
pytest_plugin
__init__
__main__
"""
ORDER = [name for line in LAYERS.split("\n") for name in line.split()]

#: Imports that go down the list, and why.
DOWNWARD = {
    ("runnable", "serving"): "inside run(): the server is imported when it is started",
    ("serving.development", "serving.debugger"): "inside a function: Werkzeug's debugger is large",
    ("serving.development", "cli.tracebacks"): "inside a function: how an error is printed",
    ("registry.blueprint_commands", "cli"): "inside the property `cli`, as below",
    ("testing.client", "cli"): "inside the method `invoke`, as below",
    ("testing.client", "cli.groups"): "inside the method `invoke`, as below",
    ("runnable", "cli"): "inside the property `cli`: the command line is imported on first use",
}

#: Functions of more than 40 lines, and why.
LONG_FUNCTIONS = {
    "pipeline.fastpath.serve": "the hot path: the steps of every request, without calls",
    "response.Response.__init__": "the hot path: every response is made here, without a call",
    "routing.router.Router.match_request": "the hot path: every request is matched here, without a call",
}

#: Not among the sources in Python.
COMPILED = {"speedups._compiled"}

#: Libraries that belong to plugins.
FOREIGN = {"jinja2", "itsdangerous", "sqlalchemy", "redis", "flask", "markupsafe", "blinker"}
#: All that the core is on, beside the standard library.
LIBRARIES = {"pluggy", "importlib_metadata", "packaging", "werkzeug", "click", "_typeshed"}
#: What a command uses if it is installed, and the one module that imports it, inside a function.
OPTIONAL = {
    "dotenv": "cli.env_files",
    "IPython": "cli.shell",
    **{name: f"cli.servers.{name}" for name in ("bjoern", "granian", "gunicorn", "waitress")},
}

SOURCES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}
#: What a plugin may import.
PUBLIC = (
    *(
        "cocopot",
        "cocopot.cli",
        "cocopot.coroutines",
        "cocopot.exceptions",
        "cocopot.json",
        "cocopot.sessions",
        "cocopot.templating",
    ),
    *("cocopot.testing", "cocopot.types", "cocopot.views"),
)
PLUGIN_SOURCES = sorted(
    path
    for path in (ROOT / "plugins").glob("*/cocopot_*/**/*.py")
    if "build" not in path.relative_to(ROOT).parts
)


def imported(tree: ast.Module) -> Iterator[str]:
    """Return the modules that a module imports, anywhere in it, by their full names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_run_time(tree: ast.Module) -> ast.Module:
    """Return a module without what it imports only for type checkers."""
    body = [node for node in tree.body if not _is_for_type_checkers(node)]
    return ast.Module(body, [])


def _is_for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def own_imports(name: str) -> set[str]:
    """Return the modules of the package that a module imports at run time, as they are named in the list."""
    found = set()
    for full in imported(at_run_time(TREES[name])):
        parts = full.split(".")
        if parts[0] == "cocopot":
            inner = ".".join(parts[1:])
            module = inner if inner in SOURCES else ".".join(parts[1:-1])
            found.add(module or "__init__")
    return found - COMPILED


def libraries(tree: ast.Module) -> set[str]:
    return {name.partition(".")[0] for name in imported(tree)}


def functions() -> Iterator[tuple[str, int]]:
    """Return each function's name and its number of lines, without its docstring."""

    def inside(node: ast.AST, name: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                docstring = child.body[0] if ast.get_docstring(child) is not None else None
                yield f"{name}.{child.name}", length(child) - (length(docstring) if docstring else 0)
            is_named = isinstance(child, (ast.FunctionDef, ast.ClassDef))
            yield from inside(child, f"{name}.{child.name}" if is_named else name)  # type: ignore[attr-defined]

    for name, tree in TREES.items():
        yield from inside(tree, name)


def length(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1  # type: ignore[attr-defined, no-any-return]


class TestLayers:
    def test_every_module(self) -> None:
        """Every module is in the list once."""
        assert sorted(ORDER) == sorted(SOURCES)

    @pytest.mark.parametrize("name", ORDER)
    def test_only_upwards(self, name: str) -> None:
        """At run time a module imports only from modules above it, also inside functions."""
        above = set(ORDER[: ORDER.index(name)])
        wrong = {other for other in own_imports(name) - above if (name, other) not in DOWNWARD}
        assert wrong == set()

    def test_exceptions_are_needed(self) -> None:
        """Each exception to is for an import that is inside a function."""
        for name, other in DOWNWARD:
            assert other in own_imports(name)
            top = ast.Module([node for node in TREES[name].body if not hasattr(node, "body")], [])
            assert f"cocopot.{other}" not in {full.rpartition(".")[0] for full in imported(top)}

    def test_no_cycle(self) -> None:
        """No module imports itself by way of others, but for the lazy imports of the application."""
        imports = {
            name: {other for other in own_imports(name) if (name, other) not in DOWNWARD} for name in SOURCES
        }
        while free := [name for name, others in imports.items() if not others & imports.keys()]:
            for name in free:
                del imports[name]
        assert imports == {}

    def test_libraries(self) -> None:
        """The core uses its four libraries and the standard library, and nothing else."""
        used = set().union(*map(libraries, TREES.values())) - set(sys.stdlib_module_names)
        assert used - {"cocopot"} <= LIBRARIES | OPTIONAL.keys() | {"pytest"}
        assert [name for name, tree in TREES.items() if "pytest" in libraries(tree)] == ["pytest_plugin"]
        assert not used & FOREIGN

    @pytest.mark.parametrize("library", OPTIONAL)
    def test_optional_libraries(self, library: str) -> None:
        """A library that need not be installed is imported by one module, and not when that is imported."""
        assert [name for name in ORDER if library in libraries(TREES[name])] == [OPTIONAL[library]]
        top = ast.Module([node for node in TREES[OPTIONAL[library]].body if not hasattr(node, "body")], [])
        assert library not in libraries(top)

    def test_init(self) -> None:
        """The package itself only re-exports names, lists them, and explains missing ones."""
        docstring, *imports, postponed, names, modules, missing = TREES["__init__"].body
        assert isinstance(docstring, ast.Expr)
        assert all(isinstance(node, ast.ImportFrom) for node in imports)
        assert isinstance(postponed, ast.If)
        assert _is_for_type_checkers(postponed)
        assert all(isinstance(node, ast.ImportFrom) for node in postponed.body)
        assert isinstance(names, ast.Assign)
        assert isinstance(modules, ast.Assign)
        exported = {
            a.asname or a.name
            for node in (*imports, *postponed.body)
            if isinstance(node, ast.ImportFrom)
            for a in node.names
        }
        exported -= {"annotations", "TYPE_CHECKING", "_lazy_werkzeug", "_import_module", "_raise_missing"}
        assert exported == set(ast.literal_eval(names.value))
        assert ast.literal_eval(modules.value) == {
            alias.name: node.module
            for node in postponed.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert ast.unparse(missing).startswith("if not TYPE_CHECKING:\n\n    def __getattr__(name: str)")


class TestSizes:
    @pytest.mark.parametrize("name", ORDER)
    def test_files(self, name: str) -> None:
        """No file has more than 400 lines."""
        assert len(SOURCES[name].read_text("utf-8").splitlines()) <= 400

    def test_median_file(self) -> None:
        """The median file has 150 lines or fewer."""
        assert (
            statistics.median(len(path.read_text("utf-8").splitlines()) for path in SOURCES.values()) <= 150
        )

    def test_median_function(self) -> None:
        """The median function has 7 lines or fewer."""
        assert statistics.median(lines for _, lines in functions()) <= 7

    def test_long_functions(self) -> None:
        """No function has more than 40 lines without its docstring, but for those with a reason."""
        assert {name for name, lines in functions() if lines > 40} == set(LONG_FUNCTIONS)

    def test_application(self) -> None:
        """The application is a facade: its class has 300 lines at most."""
        (cls,) = (node for node in TREES["app"].body if isinstance(node, ast.ClassDef))
        assert cls.name == "Cocopot"
        assert length(cls) <= 300
        assert len(cls.bases) <= 2


class TestTypes:
    def test_any(self) -> None:
        """Fewer than 25 of 1,000 lines of code have an `Any`, also in annotations that are texts."""
        uses = sum(uses_of_any(tree) for tree in TREES.values())
        assert uses < 0.025 * sum(lines_of_code(name) for name in TREES)

    def test_casts(self) -> None:
        """A cast is for what a library types too loosely: fewer than 3 of 1,000 lines of code have one."""
        calls = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Call)]
        casts = [node for node in calls if ast.unparse(node.func) in {"cast", "typing.cast"}]
        assert len(casts) < 0.003 * sum(lines_of_code(name) for name in TREES)


def uses_of_any(tree: ast.Module) -> int:
    """Return how often a module uses `Any`, but for its import."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "Any"]
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return len(names) + sum(1 for text in texts if re.fullmatch(r"[\w .,|\[\]]*\bAny\b[\w .,|\[\]]*", text))


def lines_of_code(name: str) -> int:
    """Return how many lines of a module have code: neither blank, nor a comment, nor part of a docstring."""
    docstrings = {
        line
        for node in ast.walk(TREES[name])
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    lines = SOURCES[name].read_text("utf-8").splitlines()
    code = {
        number for number, line in enumerate(lines, 1) if line.strip() and not line.strip().startswith("#")
    }
    return len(code - docstrings)


def public_names(module: str) -> set[str]:
    names = vars(importlib.import_module(module))
    return set(names.get("__all__") or (name for name in names if not name.startswith("_")))


class TestPlugins:
    @pytest.mark.parametrize("path", PLUGIN_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
    def test_imports(self, path: Path) -> None:
        """A plugin imports itself, public names of Cocopot, and of other plugins the package itself."""
        own = path.relative_to(ROOT / "plugins").parts[1]
        for full in imported(ast.parse(path.read_text("utf-8"))):
            top, (module, _, name) = full.partition(".")[0], full.rpartition(".")
            if top == "cocopot" and full not in PUBLIC:
                assert module in PUBLIC
                assert name in public_names(module)
            elif top.startswith("cocopot_") and top != own:
                assert full.count(".") <= 1

    @pytest.mark.parametrize("path", PLUGIN_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
    def test_length(self, path: Path) -> None:
        """No file of a plugin has more than 400 lines."""
        assert len(path.read_text("utf-8").splitlines()) <= 400

    def test_devtools(self) -> None:
        """The commands for authors are among the plugins, and use what any plugin may use."""
        assert any("cocopot_devtools" in path.parts for path in PLUGIN_SOURCES)
