"""`cocopot new`: write the project of an application or a plugin."""

from __future__ import annotations

import difflib
import importlib.metadata
import json
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cocopot.testing import find_installed_plugins
from cocopot_devtools.implementations import HOOKS, Implementations, summary
from cocopot_devtools.projects import check_folder, render, write

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The longest name; it is part of keys, variables and lines of code.
MAX_LENGTH = 40
DEFAULT_HOOKS = "cocopot_setup"
#: Words that have a special meaning where plugins are named.
RESERVED = {"all", "none"}
#: What a project with pages has in its README.
ABOUT_KEY = (
    " Sessions are signed with `COCOPOT_SECRET_KEY`: on this machine the file\n"
    "`.env` has it, which is not in version control; set it to another random text on a server."
)


def _complete_hooks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Complete the last one of the hooks, which are separated by commas."""
    before, comma, last = incomplete.rpartition(",")
    used = before.split(",")
    return [f"{before}{comma}{hook}" for hook in HOOKS if hook.startswith(last) and hook not in used]


@click.group("new")
def command() -> None:
    """Write a new project: an application or a plugin."""


@command.command("app", short_help="Write an application.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--pages", is_flag=True, help="With templates, a form and sessions; uses cocopot[standard].")
def new_app(folder: Path, *, pages: bool) -> None:
    """Write an application into the folder DIR, whose name becomes the project's.

    It has a view and an error handler, tests, settings for ruff, mypy and pytest, and a workflow for CI, and
    passes all of these checks.
    """
    distribution = normalize_name(folder.resolve().name)
    check_distribution(distribution)
    files = render(
        *("common", "app", "pages")[: 3 if pages else 2],
        distribution=distribution,
        requirement="cocopot[dotenv,standard]" if pages else "cocopot",
        included='"/app.py", "/static", "/templates"' if pages else '"/app.py"',
        cocopot_version=own_version(),
        secret_key=secrets.token_hex(32),
        more_about_serving=ABOUT_KEY if pages else "",
        more_steps="",
    )
    write(files, folder)
    report(files, folder, "cocopot run")


@command.command("plugin", short_help="Write a plugin.")
@click.argument("name")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), help="The project's folder; by default cocopot-NAME."
)
@click.option(
    "--hooks",
    shell_complete=_complete_hooks,
    help="The hooks to implement, separated by commas; prompted for by default.",
)
@click.option("--author", help="The author's name, for pyproject.toml and LICENSE.")
@click.option("--yes", is_flag=True, help=f"Ask nothing: implement {DEFAULT_HOOKS}.")
def new_plugin(name: str, folder: Path | None, hooks: str | None, author: str | None, *, yes: bool) -> None:
    """Write a plugin that applications know as NAME, in a distribution cocopot-NAME.

    It implements the hooks that you choose, and has tests, settings for ruff, mypy and pytest, a workflow for
    CI and a licence (BSD-3-Clause), and passes all of these checks.
    """
    name = normalize_name(name.removeprefix("cocopot-").removeprefix("cocopot_"))
    distribution = f"cocopot-{name}"
    check_plugin_name(name)
    check_distribution(distribution)
    author = check_author(author or f"The {distribution} authors")
    folder = folder or Path(distribution)
    check_folder(folder)  # before anything is asked
    if hooks is None and yes:
        hooks = DEFAULT_HOOKS
    chosen = ask_for_hooks() if hooks is None else parse_hooks(hooks)
    implementations = Implementations(name, chosen)
    identifier = name.replace("-", "_")
    files = render(
        "common",
        "plugin",
        identifier=identifier,
        name=name,
        distribution=distribution,
        package=f"cocopot_{identifier}",
        cocopot_version=own_version(),
        author=author,
        quoted_author=json.dumps(author, ensure_ascii=False),
        year=str(datetime.now(UTC).year),
        hooks="\n".join(f'    "{hook}",' for hook in implementations.hooks),
        implementations=implementations.module(),
        example=implementations.example(),
        tests=implementations.tests(),
        more_steps="      - run: cocopot check-plugin .",
    )
    write(files, folder)
    report(files, folder, "python -m pytest")


# -------------------------------------------------------------------------
# Names
# -------------------------------------------------------------------------


def normalize_name(name: str) -> str:
    """Return a name in the normal form of distributions: lower case, with hyphens (PEP 503).

    Raises:
        click.UsageError: If no distribution can have that name (PEP 508), or it is too long.
    """
    if not re.fullmatch(r"[A-Za-z0-9]+([-_.]+[A-Za-z0-9]+)*", name):
        raise click.UsageError(
            f"{name!r} cannot be the name of a project. Use letters from a to z, digits, '-', '_' and '.', "
            "with a letter or digit at either end."
        )
    if len(name) > MAX_LENGTH:
        raise click.UsageError(
            f"The name {name!r} has {len(name)} characters. Use {MAX_LENGTH} at most: it is part of keys, "
            "variables and commands."
        )
    return re.sub(r"[-_.]+", "-", name).lower()


def check_plugin_name(name: str) -> None:
    """Reject the name of an installed plugin, and names with another meaning.

    Raises:
        click.UsageError: If it is one.
    """
    if name in RESERVED:
        raise click.UsageError(
            f"A plugin cannot be named {name!r}: COCOPOT_PLUGINS={name} has another meaning."
        )
    for candidate in find_installed_plugins():
        if candidate.name == name:
            raise click.UsageError(
                f"A plugin named {name!r} is installed here ({candidate.distribution} {candidate.version}), "
                "and an application cannot load two of one name. Choose another name, or uninstall it first."
            )


def check_distribution(distribution: str) -> None:
    """Reject the name of an installed distribution, such as Cocopot and its dependencies.

    Raises:
        click.UsageError: If it is one.
    """
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return
    raise click.UsageError(
        f"A distribution named {distribution!r} is installed here (version {version}), and installing the "
        "project would replace it. Choose another name, or uninstall it first."
    )


def check_author(author: str) -> str:
    """Return the name of an author, if it is allowed in the metadata of a distribution (PEP 621).

    Raises:
        click.UsageError: If it is not.
    """
    if not author.isprintable() or set(author) & set(',;<>@"'):
        raise click.UsageError(
            f"{author!r} cannot be an author's name. Give the name alone, without an address, comma or quote."
        )
    return author


def own_version() -> str:
    """Return the first two numbers of Cocopot's version: the oldest one that a new project works with."""
    return ".".join(importlib.metadata.version("cocopot").split(".")[:2])


# -------------------------------------------------------------------------
# Questions and answers
# -------------------------------------------------------------------------


def parse_hooks(text: str) -> list[str]:
    """Return the hooks that a text names, separated by commas or blanks.

    Raises:
        click.UsageError: If one of them is not a hook; the message names the nearest one, or all of them.
    """
    names = re.split(r"[,\s]+", text.strip(", \t"))
    for name in names:
        if name not in HOOKS:
            full = f"cocopot_{name}"
            close = difflib.get_close_matches(full if full in HOOKS else name, HOOKS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Hooks are: {', '.join(HOOKS)}."
            raise click.UsageError(f"{name!r} is not a hook. {hint}")
    return names


def ask_for_hooks() -> list[str]:
    """List the hooks of the contract, and ask which of them to implement.

    Raises:
        click.UsageError: If no hooks are entered, as without a terminal.
    """
    width = max(map(len, HOOKS))
    for hook in HOOKS:
        click.echo(f"  {hook:{width}}  {summary(hook)}")
    try:
        names: list[str] = click.prompt(
            "Which hooks? Names, separated by commas", default=DEFAULT_HOOKS, value_proc=parse_hooks
        )
    except click.Abort:
        click.echo()
        raise click.UsageError(
            f"No hooks were chosen. Name them with --hooks, or take {DEFAULT_HOOKS} with --yes."
        ) from None
    return names


def report(files: Mapping[str, str], folder: Path, last: str) -> None:
    """Print which files have been written, and what to do next."""
    click.echo(f"Written to {folder}:")
    for path in files:
        click.echo(f"  {path}")
    click.echo("\nNext:")
    place = f'"{folder}"' if " " in str(folder) else folder
    enter = [] if folder == Path() else [f"cd {place}"]
    for line in (*enter, 'python -m pip install --editable ".[dev]"', last):
        click.echo(f"  {line}")
