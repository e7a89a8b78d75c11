from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from cocopot_devtools.implementations import HOOKS
from cocopot_devtools.new import command, normalize_name

from cocopot.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PLUGIN_FILES = [
    ".github/workflows/ci.yml",
    ".gitignore",
    "LICENSE",
    "README.md",
    "cocopot_green_tea/__init__.py",
    "cocopot_green_tea/py.typed",
    "pyproject.toml",
    "tests/test_green_tea.py",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*args: str, answers: str = "") -> Result:
    """Run `cocopot new`; `answers` are what its user types."""
    return CliRunner().invoke(main, ["new", *args], input=answers, catch_exceptions=False)


def written(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def project(folder: Path) -> Any:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


class TestPlugin:
    def test_written(self, folder: Path) -> None:
        """With its hooks named, it asks nothing, and lists the files that it writes and what to do next."""
        result = new("plugin", "green-tea", "--hooks", "cocopot_setup")
        assert result.exit_code == 0
        assert written(folder / "cocopot-green-tea") == PLUGIN_FILES
        first, *lines = result.output.splitlines()
        assert first == "Written to cocopot-green-tea:"
        assert lines[: len(PLUGIN_FILES)] == [f"  {name}" for name in PLUGIN_FILES]
        assert lines[-3:] == [
            "  cd cocopot-green-tea",
            '  python -m pip install --editable ".[dev]"',
            "  python -m pytest",
        ]

    @pytest.mark.parametrize("name", ["green-tea", "Green_Tea", "cocopot-green-tea", "cocopot_green.tea"])
    def test_names(self, folder: Path, name: str) -> None:
        """Plugin, distribution and package are named alike, however the name is spelled."""
        new("plugin", name, "--yes")
        metadata = project(folder / "cocopot-green-tea")["project"]
        assert metadata["name"] == "cocopot-green-tea"
        assert metadata["entry-points"] == {"cocopot.plugins": {"green-tea": "cocopot_green_tea"}}
        assert metadata["dependencies"] == ["cocopot>=1.0"]

    def test_folder(self, folder: Path) -> None:
        """`--dir` states where the project is written; a name with blanks is quoted for the shell."""
        result = new("plugin", "green-tea", "--dir", "my plugin", "--yes")
        assert written(folder / "my plugin") == PLUGIN_FILES
        assert '  cd "my plugin"\n' in result.output

    def test_hooks(self, folder: Path) -> None:
        """The named hooks are implemented, and the tests know of them."""
        new("plugin", "green-tea", "--hooks", " cocopot_after_request, cocopot_before_request,")
        for path in ("cocopot_green_tea/__init__.py", "tests/test_green_tea.py"):
            text = (folder / "cocopot-green-tea" / path).read_text("utf-8")
            assert [hook for hook in HOOKS if hook in text] == [
                "cocopot_before_request",
                "cocopot_after_request",
            ]

    def test_asks(self, folder: Path) -> None:
        """Without hooks it lists them all and asks, until the answer is one."""
        result = new("plugin", "green-tea", answers="cocopot_before_reqest\ncocopot_before_request\n")
        for hook in HOOKS:
            assert f"  {hook} " in result.output
        assert "Act before the view, or respond in its place." in result.output
        assert "Error: 'cocopot_before_reqest' is not a hook. Did you mean 'cocopot_before_request'?" in (
            result.output
        )
        module = folder / "cocopot-green-tea" / "cocopot_green_tea" / "__init__.py"
        assert "def cocopot_before_request(" in module.read_text("utf-8")

    def test_default(self, folder: Path) -> None:
        """The answer that is not given is `cocopot_setup`, which `--yes` takes without asking."""
        new("plugin", "asked", answers="\n")
        new("plugin", "told", "--yes")
        asked, told = (
            (folder / f"cocopot-{name}" / f"cocopot_{name}" / "__init__.py").read_text("utf-8")
            for name in ("asked", "told")
        )
        assert "def cocopot_setup(" in told
        assert asked.replace("asked", "told") == told

    def test_no_answer(self, folder: Path) -> None:
        """Where no one answers, nothing is written, and the options are named that answer."""
        result = new("plugin", "green-tea")
        assert result.exit_code == 2
        assert result.output.endswith("with --hooks, or take cocopot_setup with --yes.\n")
        assert written(folder) == []

    @pytest.mark.parametrize(
        ("hooks", "message"),
        [
            ("before_request", "Did you mean 'cocopot_before_request'?"),
            ("cocopot_setup,cocopot_before_reqest", "Did you mean 'cocopot_before_request'?"),
            ("xyz", "Hooks are: cocopot_addhooks, cocopot_config_defaults,"),
            (",", "Hooks are: "),
            ("", "Hooks are: "),
        ],
    )
    def test_unknown_hooks(self, folder: Path, hooks: str, message: str) -> None:
        """A name that is not a hook is an error with one that is near, or with all of them."""
        result = new("plugin", "green-tea", "--hooks", hooks)
        assert (result.exit_code, written(folder)) == (2, [])
        assert message in result.output

    def test_author(self, folder: Path) -> None:
        """The author is named in the metadata and in the licence."""
        new("plugin", "green-tea", "--author", "Zoë \\ O'Neill", "--yes")
        place = folder / "cocopot-green-tea"
        assert project(place)["project"]["authors"] == [{"name": "Zoë \\ O'Neill"}]
        assert ", Zoë \\ O'Neill\n" in (place / "LICENSE").read_text("utf-8")

    @pytest.mark.parametrize("author", ["A, B", "Ada <ada@shop.example>", "a\nb", 'the "best"'])
    def test_bad_author(self, folder: Path, author: str) -> None:
        """What the metadata of a distribution cannot hold is refused."""
        result = new("plugin", "green-tea", "--author", author, "--yes")
        assert (result.exit_code, written(folder)) == (2, [])
        assert "cannot be an author's name" in result.output

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("cors", "A plugin named 'cors' is installed here (cocopot-cors 1.0.0)"),
            ("all", "A plugin cannot be named 'all': COCOPOT_PLUGINS=all has another meaning."),
            ("cocopot-none", "A plugin cannot be named 'none'"),
            ("tea!", "'tea!' cannot be the name of a project."),
        ],
    )
    def test_refused_names(self, folder: Path, name: str, message: str) -> None:
        """A name that would clash with another plugin, or cannot be one, is refused."""
        result = new("plugin", name, "--yes")
        assert (result.exit_code, written(folder)) == (2, [])
        assert message in result.output

    def test_folder_in_use(self, folder: Path) -> None:
        """Nothing is asked and nothing is overwritten if there is something in the way."""
        place = folder / "cocopot-green-tea"
        place.mkdir()
        (place / "README.md").write_text("mine")
        result = new("plugin", "green-tea")
        assert result.exit_code == 2
        assert "is not empty: it contains README.md." in result.output
        assert "Which hooks?" not in result.output
        assert (written(place), (place / "README.md").read_text()) == (["README.md"], "mine")


class TestApp:
    def test_written(self, folder: Path) -> None:
        """The project is named after its folder, and the next commands install and serve it."""
        result = new("app", "Tea_Shop")
        assert written(folder / "Tea_Shop") == [
            ".github/workflows/ci.yml",
            ".gitignore",
            "README.md",
            "app.py",
            "pyproject.toml",
            "tests/test_app.py",
        ]
        assert project(folder / "Tea_Shop")["project"]["name"] == "tea-shop"
        assert [line.strip() for line in result.output.splitlines()[-3:]] == [
            "cd Tea_Shop",
            'python -m pip install --editable ".[dev]"',
            "cocopot run",
        ]

    def test_pages(self, folder: Path) -> None:
        """With `--pages` it has templates and a key for sessions, and requires the plugins for pages."""
        new("app", "shop", "--pages")
        assert written(folder / "shop") == [
            ".env",
            ".github/workflows/ci.yml",
            ".gitignore",
            "README.md",
            "app.py",
            "pyproject.toml",
            "static/style.css",
            "templates/base.html",
            "templates/error.html",
            "templates/index.html",
            "tests/test_app.py",
        ]
        [requirement] = project(folder / "shop")["project"]["dependencies"]
        assert requirement.startswith("cocopot[dotenv,standard]>=")
        new("app", "other", "--pages")
        keys = [(folder / name / ".env").read_text() for name in ("shop", "other")]
        assert all(re.search(r"^COCOPOT_SECRET_KEY=[0-9a-f]{64}$", key, re.MULTILINE) for key in keys)
        assert keys[0] != keys[1]
        assert ".env" in (folder / "shop" / ".gitignore").read_text().splitlines()

    def test_here(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`.` is the working directory, if it is empty."""
        (folder / "shop").mkdir()
        monkeypatch.chdir(folder / "shop")
        assert new("app", ".").exit_code == 0
        assert project(folder / "shop")["project"]["name"] == "shop"
        again = new("app", ".")
        assert again.exit_code == 2
        assert "it contains .github, .gitignore, README.md and 3 more" in again.output

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("cocopot", "A distribution named 'cocopot' is installed here"),
            ("Click", "A distribution named 'click' is installed here"),
            ("tea shop", "'tea shop' cannot be the name of a project."),
            ("x" * 41, "has 41 characters. Use 40 at most"),
        ],
    )
    def test_refused_names(self, folder: Path, name: str, message: str) -> None:
        """A name of what is installed, Cocopot's own libraries among it, is refused."""
        result = new("app", name)
        assert (result.exit_code, written(folder)) == (2, [])
        assert message in " ".join(result.output.split())


@pytest.mark.parametrize("name", ["", "-", "tea-", "_tea", "thé", "a/b", "a b", "tea\n"])
def test_names_that_no_distribution_can_have(name: str) -> None:
    """Names are checked as PEP 508 has them."""
    with pytest.raises(click.UsageError, match="cannot be the name of a project"):
        normalize_name(name)


@pytest.mark.parametrize(
    ("incomplete", "completed"),
    [
        ("cocopot_sh", ["cocopot_shell_context", "cocopot_shutdown"]),
        ("cocopot_setup,cocopot_dis", ["cocopot_setup,cocopot_dispatch_request"]),
        ("cocopot_setup,cocopot_se", []),
        ("nothing", []),
    ],
)
def test_hooks_are_completed(incomplete: str, completed: list[str]) -> None:
    """A shell completes the last hook of a list, without those that it has."""
    shell = ShellComplete(command, {}, "new", "_NEW_COMPLETE")
    found = shell.get_completions(["plugin", "demo", "--hooks"], incomplete)
    assert [item.value for item in found] == completed
