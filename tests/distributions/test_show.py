"""From nothing to a plugin that an application serves, and the output when it is broken."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cli.processes import cocopot, serving
from tests.distributions.environments import CHECKOUT, DEVTOOLS, Environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import Builder

CORS = CHECKOUT / "plugins" / "cocopot-cors"
SETUP = "def cocopot_setup(app: Cocopot) -> None:"
#: What a release of the plugin changes in its module: a text and the one in its place.
BREAKAGES = {
    "syntax": (SETUP, "def cocopot_setup(app: Cocopot) -> None"),
    "misspelled": (SETUP, "def cocopot_setpu(app: Cocopot) -> None:"),
    "argument": (f"{SETUP}\n", "def cocopot_setup(ap: Cocopot) -> None:\n"),
    "requirement": ("blueprint = ", 'requires = ("session",)\nblueprint = '),
}
ADVICE = 'To go on without it, pass disable={"hello"} or set COCOPOT_DISABLE_PLUGINS=hello.'
#: What `cocopot run` states, in full.
EXPECTED = {
    "syntax": f"""\
  File "PACKAGES/cocopot_hello/__init__.py", line 22
    def cocopot_setup(app: Cocopot) -> None
                                           ^
SyntaxError: expected ':'
Error: Plugin 'hello' (cocopot-hello 0.2.0, cocopot_hello) failed to load: SyntaxError: expected ':'
  at PACKAGES/cocopot_hello/__init__.py:22: def cocopot_setup(app: Cocopot) -> None
{ADVICE}
""",
    "misspelled": f"""\
Error: Plugin 'hello' (cocopot-hello 0.2.0, cocopot_hello) implements 'cocopot_setpu', which is not a hook. \
Did you mean 'cocopot_setup'?
  at PACKAGES/cocopot_hello/__init__.py:22: def cocopot_setpu(app: Cocopot) -> None:
{ADVICE}
""",
    "argument": f"""\
Error: Plugin 'hello' (cocopot-hello 0.2.0, cocopot_hello) breaks the hook contract: cocopot_setup has no \
argument 'ap'; it has the argument app. Did you mean 'app'?
  at PACKAGES/cocopot_hello/__init__.py:22: def cocopot_setup(ap: Cocopot) -> None:
{ADVICE}
""",
    "requirement": f"""\
Error: Plugin 'hello' (cocopot-hello 0.2.0, cocopot_hello) requires 'session', which is not installed. \
Install the distribution that provides it.
{ADVICE}
""",
    "duplicate": """\
Error: Two distributions provide a plugin named 'hello': cocopot-greeting 0.1.0 ('cocopot_greeting') and \
cocopot-hello 0.1.0 ('cocopot_hello'). Uninstall one of them, or disable the name with \
COCOPOT_DISABLE_PLUGINS=hello.
""",
}


class Output(NamedTuple):
    """Exit code and text of a command, with `PACKAGES` in place of where packages are installed."""

    code: int
    output: str
    errors: str


class Desk:
    """A clean environment, and a folder in which a caller uses its `cocopot`."""

    def __init__(self, folder: Path, builder: Builder) -> None:
        self.folder = folder
        self.builder = builder
        self.environment = Environment(folder / "environment")
        self.environment.install(*builder.wheels(CHECKOUT, CORS, DEVTOOLS), dependencies=True)
        self.command = [str(self.environment.python.with_name("cocopot"))]

    def cocopot(self, *args: str, within: str = "") -> Output:
        """Run the command, in the application's folder or above it."""
        done = cocopot(self.folder / within, *args, command=self.command)
        packages = str(self.environment.packages)
        output, errors = (text.replace(packages, "PACKAGES") for text in (done.stdout, done.stderr))
        return Output(done.returncode, output, errors)

    def write_release(self, name: str) -> Path:
        """Write a next version of the plugin that is broken in one way."""
        project = shutil.copytree(self.folder / "cocopot-hello", self.folder / name)
        _replace(project / "pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
        _replace(project / "cocopot_hello" / "__init__.py", *BREAKAGES[name])
        return project

    def write_duplicate(self) -> Path:
        """Write another distribution with a plugin of the same name."""
        self.cocopot("new", "plugin", "greeting", "--yes")
        project = self.folder / "cocopot-greeting"
        _replace(project / "pyproject.toml", 'greeting = "cocopot_greeting"', 'hello = "cocopot_greeting"')
        return project

    def start(self) -> tuple[Output, Output]:
        """Start the application, which fails, and list the plugins."""
        return self.cocopot("run", within="demo"), self.cocopot("plugins", "--check", within="demo")


class Show(NamedTuple):
    """What happened, in this order.

    Args:
        answer: Status and body of the request.
        log: What `cocopot run` printed.
        hooks: The output of `cocopot plugins --hooks`.
        review: The output of `cocopot check-plugin`.
        broken: By breakage, the output of `cocopot run` and `cocopot plugins --check`.
    """

    answer: tuple[int, str]
    log: str
    hooks: Output
    review: Output
    broken: dict[str, tuple[Output, Output]]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory, builder: Builder) -> Show:
    """Go through it all in one environment."""
    desk = Desk(tmp_path_factory.mktemp("show"), builder)
    assert desk.cocopot("new", "plugin", "hello", "--yes").code == 0
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", desk.folder / "cocopot-hello")
    (wheel,) = desk.folder.glob("cocopot-hello/dist/*.whl")
    desk.environment.install(wheel)
    assert desk.cocopot("new", "app", "demo").code == 0
    with serving(desk.folder / "demo", "run", command=desk.command) as server:
        answer = server.get("/hello")
        server.terminate()
    hooks, review = desk.cocopot("plugins", "--hooks", within="demo"), desk.cocopot("check-plugin", "hello")
    return Show(answer, server.log, hooks, review, _break(desk, wheel))


def _break(desk: Desk, sound: Path) -> dict[str, tuple[Output, Output]]:
    """Install one broken release after the other, and then the sound one beside another of its name."""
    projects = [desk.write_release(name) for name in BREAKAGES]
    *releases, duplicate = desk.builder.wheels(*projects, desk.write_duplicate())
    broken = {}
    for name, release in zip(BREAKAGES, releases, strict=True):
        desk.environment.uninstall("cocopot-hello")
        desk.environment.install(release)
        broken[name] = desk.start()
    desk.environment.install(sound, duplicate)
    broken["duplicate"] = desk.start()
    return broken


def test_the_application_answers_with_the_route_of_the_plugin(show: Show) -> None:
    """Nothing but the installation of the wheel connects the two; the server names the plugin."""
    assert show.answer == (200, "Hello, world.")
    assert "     hello  (cocopot-hello 0.1.0)\n" in show.log


def test_the_hook_is_shown_with_its_origin(show: Show) -> None:
    """`plugins --hooks` names distribution, version and place of what the plugin implements."""
    setup = show.hooks.output.partition("cocopot_setup\n")[2].partition("\n\n")[0]
    (line,) = (line for line in setup.splitlines() if " hello " in line)
    assert line.split()[1:] == ["hello", "cocopot-hello", "0.1.0", "PACKAGES/cocopot_hello/__init__.py:22"]
    assert (show.hooks.code, show.hooks.errors) == (0, "")


def test_the_review_finds_nothing_to_mend(show: Show) -> None:
    """A plugin is in order as `cocopot new` writes it."""
    assert (show.review.code, show.review.errors) == (0, "")
    assert show.review.output.startswith("cocopot-hello 0.1.0: hello (cocopot_hello)\n")
    assert show.review.output.endswith("\n0 errors, 0 warnings\n")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_plugin_stops_the_application_with_one_message(name: str, show: Show) -> None:
    """It states plugin, distribution, problem, place and cure, and nothing else."""
    assert show.broken[name][0] == Output(1, "", EXPECTED[name])


@pytest.mark.parametrize("name", EXPECTED)
def test_the_check_shows_the_message_beside_the_other_plugins(name: str, show: Show) -> None:
    """`plugins --check` exits with 1, and lists what is sound as well."""
    code, output, errors = show.broken[name][1]
    message = f"\n{EXPECTED[name]}".partition("\nError: ")[2]
    assert (code, errors) == (1, "Failed: hello.\n")
    assert " 1. cors (cocopot-cors 1.0.0) loaded\n" in output
    assert all(f"     {line}\n" in output for line in message.splitlines())
