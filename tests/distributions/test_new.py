"""Projects that `cocopot new` of an installed Cocopot writes: all that they promise, done for real."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cocopot_devtools.implementations import HOOKS
from cocopot_devtools.new import command

from tests.cli.processes import serving
from tests.distributions.environments import CHECKOUT, DEVTOOLS, Environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import Builder, MakeEnvironment

#: A project for each hook, by the plugin's name.
SINGLE = {hook.removeprefix("cocopot_").replace("_", "-"): hook for hook in HOOKS}
READ_README = """
    from pathlib import Path
    import re

    text = Path({path!r}).read_text("utf-8")
    blocks = re.findall("```python\\n(.*?)```", text, re.DOTALL)
    for block in blocks:
        exec(block, {{"__name__": "readme"}})
    result = [len(blocks), app.test_client().get("/all-hooks").text]
    """
#: Runs pytest in one folder after the other, without a process for each.
PYTEST_IN_EACH = """
import os, sys, pytest
for name in sys.argv[1:]:
    os.chdir(name)
    if pytest.main([]):
        sys.exit(f"The tests of {name} fail.")
    os.chdir("..")
"""
#: A file of the tutorial and its text, or some commands.
STEP = r"`([\w/]+\.py)`:\n\n```python\n(.*?)```|```console\n(.*?)```"
#: Those commands of the tutorial that need neither a server, nor an index, nor another environment.
FOLLOWED = (
    "cocopot new",
    "python -m pip install --editable",
    "python -m pytest",
    "ruff",
    "mypy",
    "python -m build",
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, base: Environment, builder: Builder) -> Environment:
    """An environment with an installed Cocopot, for the projects that a test installs there."""
    environment = Environment(tmp_path_factory.mktemp("workshop") / "environment", base)
    environment.install(*builder.wheels(DEVTOOLS))
    return environment


@pytest.fixture(scope="module")
def plugin(workshop: Environment) -> Path:
    """A new plugin that implements every hook."""
    return new(workshop, "plugin", "all-hooks", "--hooks", ",".join(HOOKS)) / "cocopot-all-hooks"


@pytest.fixture(scope="module")
def application(workshop: Environment) -> Path:
    """A new application."""
    return new(workshop, "app", "demo") / "demo"


def new(environment: Environment, *args: str) -> Path:
    """Run `cocopot new` as it is installed, and return the folder beside which it wrote."""
    folder = environment.folder.parent
    run(environment.python, "-m", "cocopot", "new", *args, cwd=folder)
    return folder


def in_shell(environment: Environment, command: str, folder: Path) -> str:
    """Run a command line in an activated environment; its pip and build are those of the tests."""
    pip = f"{sys.executable} -m pip --disable-pip-version-check --python {environment.python}"
    command = command.replace("python -m build", f"{sys.executable} -m build --no-isolation")
    path = f"{environment.python.parent}{os.pathsep}{os.environ['PATH']}"
    command = re.sub("^cocopot ", "python -m cocopot ", command.replace("python -m pip", pip))
    return run("bash", "-c", command, cwd=folder, environ={"PATH": path}).stdout


def run_ci(environment: Environment, project: Path) -> dict[str, str]:
    """Run the steps of a project's workflow for CI, and return what each of them printed."""
    workflow = project.joinpath(".github", "workflows", "ci.yml").read_text("utf-8")
    steps: list[str] = re.findall("^      - run: (.*)$", workflow, re.MULTILINE)
    return {step: in_shell(environment, step, project) for step in steps}


@pytest.fixture(scope="module")
def plugin_ci(workshop: Environment, plugin: Path) -> dict[str, str]:
    """What the steps of the plugin's workflow printed; they install the tools that the others need."""
    return run_ci(workshop, plugin)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, base: Environment, builder: Builder) -> Environment:
    """An environment with the plugins of the extra "standard", and no others."""
    with CHECKOUT.joinpath("pyproject.toml").open("rb") as file:
        standard = tomllib.load(file)["project"]["optional-dependencies"]["standard"]
    projects = [CHECKOUT / "plugins" / text.partition(">=")[0] for text in standard]
    environment = Environment(tmp_path_factory.mktemp("studio") / "environment", base)
    environment.install(*builder.wheels(DEVTOOLS, *projects), dependencies=True)
    return environment


@pytest.fixture(scope="module")
def site(studio: Environment) -> Path:
    """A new application with pages."""
    return new(studio, "app", "site", "--pages") / "site"


@pytest.fixture(scope="module")
def site_ci(studio: Environment, site: Path) -> dict[str, str]:
    """What the steps of its workflow printed; they install what reads its file `.env`."""
    return run_ci(studio, site)


def check_ci(output: dict[str, str], tests: int, *more: str) -> None:
    assert list(output)[1:] == ["ruff check .", "ruff format --check .", "mypy", "python -m pytest", *more]
    assert "All checks passed!" in output["ruff check ."]
    assert "already formatted" in output["ruff format --check ."]
    assert "Success: no issues found in 2 source files" in output["mypy"]
    assert f" {tests} passed in" in output["python -m pytest"]


def test_a_new_plugin_passes_its_own_ci(plugin_ci: dict[str, str]) -> None:
    """Its extra provides all that its checks need; lint, format, types, tests and the review are in order."""
    check_ci(plugin_ci, len(HOOKS) + 5, "cocopot check-plugin .")
    assert plugin_ci["cocopot check-plugin ."].endswith("\n0 errors, 0 warnings\n")


def test_a_new_application_passes_its_own_ci(workshop: Environment, application: Path) -> None:
    """Likewise, and an application is tested without being installed as a package."""
    check_ci(run_ci(workshop, application), 2)


def test_a_new_application_with_pages_passes_its_own_ci(site_ci: dict[str, str]) -> None:
    """Likewise, with the plugins of the extra "standard"."""
    check_ci(site_ci, 3)


def test_a_new_plugin_answers_as_an_installed_wheel(plugin: Path, environment: MakeEnvironment) -> None:
    """An application finds it, it answers under its route, and what its README shows is so."""
    outcome = environment(plugin).start(READ_README.format(path=str(plugin / "README.md")))
    assert outcome.plugins == [["all-hooks", "cocopot-all-hooks", "0.1.0"]]
    assert outcome.result == [1, "Hello, world."]


@pytest.mark.usefixtures("plugin_ci")
def test_a_plugin_of_each_hook_alone_is_in_order(
    workshop: Environment, builder: Builder, tmp_path: Path
) -> None:
    """Whichever hook is chosen, the project passes its tests, lint and type check."""
    for name, hook in SINGLE.items():
        arguments = ["plugin", name, "--hooks", hook, "--dir", str(tmp_path / name)]
        CliRunner().invoke(command, arguments, catch_exceptions=False)
    workshop.install(*builder.wheels(*(tmp_path / name for name in SINGLE)))
    packages = " ".join(f"{name}/cocopot_{name.replace('-', '_')} {name}/tests" for name in SINGLE)
    assert "All checks passed!" in in_shell(workshop, "ruff check . && ruff format --check .", tmp_path)
    assert "Success" in in_shell(workshop, f"mypy --strict {packages}", tmp_path)
    tests = in_shell(workshop, f"python -c '{PYTEST_IN_EACH}' {' '.join(SINGLE)}", tmp_path)
    assert len(re.findall(r"^=* [34] passed in", tests, re.MULTILINE)) == len(SINGLE)


def test_a_new_application_is_served_at_once(workshop: Environment, application: Path) -> None:
    """`cocopot run` in its folder finds it and serves it."""
    with serving(application, "run", command=[str(workshop.python), "-m", "cocopot"]) as server:
        status, body = server.get()
    assert (status, json.loads(body)) == (200, {"message": "Hello, world."})


@pytest.mark.usefixtures("site_ci")
def test_a_new_application_with_pages_is_served_at_once(studio: Environment, site: Path) -> None:
    """The key of its sessions is in `.env`: what the form stores is on the next page."""
    with serving(site, "run", command=[str(studio.python), "-m", "cocopot"]) as server:
        assert server.get()[0] == 200
        url = f"http://127.0.0.1:{server.port}/"
        opener = urllib.request.build_opener(NextPage())
        with opener.open(url, b"name=Ada", timeout=10) as response:
            assert "Hello, Ada." in response.read().decode()


class NextPage(urllib.request.HTTPRedirectHandler):
    """Follows a redirect with the cookie of the response: by plain HTTP, a jar would not return it."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        request = super().redirect_request(*args)
        if request is not None:
            request.add_header("Cookie", args[4]["Set-Cookie"].partition(";")[0])
        return request


@pytest.mark.usefixtures("plugin_ci")
def test_the_tutorial_can_be_followed(workshop: Environment, tmp_path: Path) -> None:
    """Its commands and files, one after the other, give a plugin that passes its checks and is then used."""
    text = CHECKOUT.joinpath("docs", "tutorial.md").read_text("utf-8")
    folder, output = tmp_path / "checkout", list[str]()
    for name in ("checkout", "tutorial"):
        (tmp_path / name).mkdir()
    for path, code, commands in re.findall(STEP, text, re.DOTALL):
        if path:
            assert (folder / path).exists(), path
            (folder / path).write_text(code, encoding="utf-8")
        for line in re.findall(r"^\$ (.*)$", commands, re.MULTILINE):
            if line.startswith("cd "):
                folder = (folder / line.removeprefix("cd ")).resolve(strict=True)
            elif line.startswith(FOLLOWED):
                output.append(in_shell(workshop, line, folder))
    passed = re.findall(r"(\d+) passed in", "".join(output))
    assert passed[1:] == ["3", "2"]  # the new plugin, then the tutorial's, then the application
    ask = "import app; print(app.app.test_client().get('/v1/prices').headers['Sunset'])"
    shown = run(workshop.python, "-c", ask, cwd=tmp_path / "tutorial" / "shop").stdout.strip()
    assert f"Sunset: {shown}\n" in text
