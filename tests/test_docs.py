"""The contract, its documentation, its examples and its tests have the same hooks, in the same order."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import create_environ, run_wsgi_app

import cocopot
from cocopot import Blueprint, Cocopot, hookimpl
from cocopot.hooks import specs
from cocopot.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
SPECS = {
    hook.__name__: f"{hook.__name__}({', '.join(inspect.signature(hook).parameters)})"
    for hook in specs.CONTRACT
}
NOT_IN_A_REQUEST = {
    "cocopot_addhooks",
    "cocopot_config_defaults",
    "cocopot_setup",
    "cocopot_register_commands",
    "cocopot_shell_context",
    "cocopot_startup",
    "cocopot_wsgi",
    "cocopot_shutdown",
    "cocopot_check",
    "cocopot_inventory",
    "cocopot_template_engine",
    "cocopot_template_context",
    "cocopot_template_rendered",
    "cocopot_message_flashed",
    "cocopot_run_coroutine",
    "cocopot_url_defaults",
    "cocopot_url_build_error",
    "cocopot_json_provider",
}


#: What the plugin with every hook returns, so that there is a session.
RESULTS = {"cocopot_open_session": Session(), "cocopot_save_session": True}


def headings(document: str) -> list[str]:
    """Return the hooks that a document has second-level headings for."""
    return re.findall(r"^## (cocopot_.*)$", (ROOT / "docs" / document).read_text(), re.MULTILINE)


def steps(heading: str) -> list[str]:
    """Return what the items of a numbered list in lifecycle.md begin with."""
    text = (ROOT / "docs" / "lifecycle.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    items = re.findall(r"^(\d+)\. `([^`]+)`", section, re.MULTILINE)
    assert [int(number) for number, _ in items] == list(range(1, len(items) + 1))
    return [step for _, step in items]


@pytest.mark.parametrize("hook", SPECS)
def test_every_specification_is_complete(hook: str) -> None:
    """It describes each argument in the order of its signature, the result if there is one, and the order."""
    specification = getattr(specs, hook)
    text = inspect.getdoc(specification) or ""
    args = re.search(r"^Args:\n((?: .*\n)+)", text, re.MULTILINE)
    assert args is not None
    assert re.findall(r"^    (\w+): ", args[1], re.MULTILINE) == list(specification.__annotations__)[:-1]
    assert ("\nReturns:\n" in text) is (specification.__annotations__["return"] != "None")
    assert f"Order: {specification.cocopot_spec['order']}." in " ".join(text.split())


@pytest.mark.parametrize("hook", SPECS)
def test_every_decorator_in_a_specification_exists(hook: str) -> None:
    """A decorator that a specification names is one of the application, and of a blueprint if stated."""
    text = " ".join((inspect.getdoc(getattr(specs, hook)) or "").split())
    named = set(re.findall(r"@(\w+(?:\.\w+)?)", text))
    of_applications = set(re.findall(r"In an application, use `@app\.(\w+)`", text))
    of_both = set(re.findall(r"In an application or a blueprint, use `@(\w+)`", text))
    assert named == {f"app.{name}" for name in of_applications} | of_both
    assert all(callable(getattr(Cocopot, name, None)) for name in of_applications | of_both)
    assert {name for name in of_applications | of_both if hasattr(Blueprint, name)} == of_both


def test_the_page_is_generated() -> None:
    """The entries of hooks.md are what docs/generate_hooks.py makes of the contract and the examples."""
    page = (ROOT / "docs" / "hooks.md").read_text()
    generate = runpy.run_path(str(ROOT / "docs" / "generate_hooks.py"))["generate"]
    assert page == generate(page), "run `make docs`"


def test_the_reference_is_generated() -> None:
    """The text of reference.md is what docs/generate_reference.py makes of the docstrings."""
    page = (ROOT / "docs" / "reference.md").read_text("utf-8")
    generate = runpy.run_path(str(ROOT / "docs" / "generate_reference.py"))["generate"]
    assert page == generate(), "run `make docs`"
    assert str(ROOT) not in page


def test_every_public_name_is_in_the_reference() -> None:
    """Each name of `cocopot.__all__` has a heading and a description."""
    page = (ROOT / "docs" / "reference.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (\w+)\n\n(.+)$", page, re.MULTILINE))
    assert sections.keys() >= set(cocopot.__all__)


def test_every_hook_is_documented() -> None:
    """The headings of hooks.md are the hooks of the contract, with their arguments, in its order."""
    assert headings("hooks.md") == list(SPECS.values())


def test_the_lines_of_changelog_fragments() -> None:
    """A fragment has lines of 120 characters at most."""
    fragments = sorted((ROOT / "docs" / "changelog.d").glob("*.md"))
    assert len(fragments) > 1
    long = {f.name for f in fragments if any(len(line) > 120 for line in f.read_text("utf-8").splitlines())}
    assert long == set()


def test_every_hook_has_a_summary_of_one_line() -> None:
    """`cocopot new` writes it as the docstring of a function, in a line of 110 characters at most."""
    summaries = {name: str(getattr(specs, name).__doc__).splitlines()[0] for name in SPECS}
    assert {name: len(summary) for name, summary in summaries.items() if len(summary) > 100} == {}


def test_every_hook_has_an_example() -> None:
    """Each entry of hooks.md has its kind and order in one line, and one example that checks something."""
    sections = re.split(r"^## (?=cocopot_)", (ROOT / "docs" / "hooks.md").read_text(), flags=re.MULTILINE)[1:]
    for section in sections:
        heading, _, kind = section.splitlines()[:3]
        assert re.fullmatch(
            r"\*(All|First result|Historic|Threaded)\b.*, (in|out)\. Since [\d.]+\.\*", kind
        ), heading
        assert section.count("```python\n") == 1, heading
        assert "\nassert " in section or "\n    assert " in section, heading


def test_every_kind_is_documented_as_it_is() -> None:
    """Kind and order in hooks.md are those of the contract."""
    text = (ROOT / "docs" / "hooks.md").read_text()
    for name, signature in SPECS.items():
        options: dict[str, Any] = getattr(specs, name).cocopot_spec
        kind = "First result" if options["firstresult"] else "Historic" if options["historic"] else "All"
        kind = f"Threaded through `{options['threaded']}`" if options["threaded"] else kind
        kind = "All, every one runs" if options["every"] else kind
        assert f"\n## {signature}\n\n*{kind}, {options['order']}. Since {options['since']}.*\n" in text, name


def test_every_hook_has_a_test_file() -> None:
    """There is one file tests/hooks/test_HOOK.py for each hook, and none for anything else."""
    files = {path.stem for path in (ROOT / "tests" / "hooks").glob("test_cocopot_*.py")}
    assert files == {f"test_{name}" for name in SPECS}


def test_every_hook_has_an_example_file() -> None:
    """There is one file docs/hooks/HOOK.py for each hook, and none for anything else."""
    assert {path.name for path in (ROOT / "docs" / "hooks").iterdir()} == {f"{name}.py" for name in SPECS}


def test_the_lists_have_every_hook_of_a_request() -> None:
    """The numbered lists of lifecycle.md have every hook that a request calls."""
    success, unhandled = steps("A request that succeeds"), steps("An exception that is not handled")
    listed = {step for step in (*success, *unhandled) if step.startswith("cocopot_")}
    assert listed == SPECS.keys() - NOT_IN_A_REQUEST


# -------------------------------------------------------------------------
# The order of a request
# -------------------------------------------------------------------------


class Shop(Cocopot):
    """An application that records when it logs an exception."""

    calls: list[str]

    def log_exception(self, exc_info: Any) -> None:
        """Record instead of logging."""
        self.calls.append("log_exception")


def plugin_with_every_hook(calls: list[str]) -> ModuleType:
    """Return a plugin that implements each hook of a request, and records that it was called."""
    plugin = ModuleType("plugin")
    for name in SPECS:
        if name not in NOT_IN_A_REQUEST:
            setattr(plugin, name, hookimpl(recorded(calls, name, RESULTS.get(name))))
    return plugin


def recorded(calls: list[str], step: str, result: object = None) -> Callable[[], object]:
    """Return a function without arguments that records a step."""

    def record() -> object:
        calls.append(step)
        return result

    return record


def decorate(registrar: Cocopot | Blueprint, calls: list[str], prefix: str) -> None:
    """Give an application or a blueprint a function for each decorator of a request."""
    registrar.url_value_preprocessor(
        lambda endpoint, values: calls.append(f"{prefix}.url_value_preprocessor")
    )
    registrar.before_request(lambda: calls.append(f"{prefix}.before_request"))
    registrar.after_request(lambda response: calls.append(f"{prefix}.after_request"))
    registrar.teardown_request(lambda exc: calls.append(f"{prefix}.teardown_request"))


def shop(calls: list[str], error: Exception | None) -> Shop:
    """Return an application that records every step of a request; its view raises `error`, if any."""
    app = Shop("shop", autoload=False)
    app.calls = calls
    app.plugins.register(plugin_with_every_hook(calls), "plugin")
    blueprint = Blueprint("blueprint", "shop")
    decorate(app, calls, "@app")
    decorate(blueprint, calls, "@blueprint")
    app.teardown_appcontext(lambda exc: calls.append("@app.teardown_appcontext"))

    @blueprint.errorhandler(LookupError)
    def handle(exc: LookupError) -> str:
        calls.append("@blueprint.errorhandler")
        return "handled"

    @app.errorhandler(500)
    def failed(exc: Exception) -> tuple[str, int]:
        calls.append("@app.errorhandler(500)")
        return "failed", 500

    @blueprint.route("/")
    def view() -> str:
        calls.append("view")
        cocopot.session.get("user")
        if error is not None:
            raise error
        return "view"

    @app.before_request
    def collect() -> None:
        cocopot.after_this_request(lambda response: calls.append("after_this_request"))

    app.register_blueprint(blueprint)
    return app


def record_request(error: Exception | None) -> tuple[str, list[str]]:
    """Send one request to the shop as a server does; return the status and the recorded steps."""
    calls: list[str] = []
    app = shop(calls, error)
    app.start()
    calls.clear()

    def serve(environ: Any, start_response: Any) -> Any:
        def start(*args: Any) -> Any:
            calls.append("start_response")
            return start_response(*args)

        return app(environ, start)

    _, status, _ = run_wsgi_app(serve, create_environ("/"), buffered=True)
    return status, calls


def test_a_request_that_succeeds() -> None:
    """The first list of lifecycle.md is what a real request does."""
    assert record_request(None) == ("200 OK", steps("A request that succeeds"))


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (LookupError("lost"), "200 OK", "An exception that is handled"),
        (ValueError("wrong"), "500 INTERNAL SERVER ERROR", "An exception that is not handled"),
    ],
)
def test_an_exception(error: Exception, status: str, heading: str) -> None:
    """The other lists are what a request does from its view on, and what comes before is as in the first."""
    found_status, calls = record_request(error)
    begin = calls.index("view")
    assert (found_status, calls[begin:]) == (status, steps(heading))
    assert calls[:begin] == steps("A request that succeeds")[:begin]
