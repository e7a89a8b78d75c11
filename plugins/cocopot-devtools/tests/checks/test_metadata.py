from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.metadata import check_metadata, requirements, undeclared_requirements
from cocopot_devtools.checks.targets import open_target

from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cocopot_devtools.checks.findings import Finding

PROJECT = """
[project]
name = "cocopot-demo"
version = "1.2"
{fields}

[project.entry-points."cocopot.plugins"]
{name} = "cocopot_demo"
"""
FIELDS = {
    "CP701": 'dependencies = ["cocopot>=1.0"]',
    "CP703": 'requires-python = ">=3.11"',
    "CP704": 'readme = "README.md"',
    "CP705": 'license = "BSD-3-Clause"',
}


def check(
    project: Callable[..., Path], fields: str = "", name: str = "demo", toml: str = ""
) -> list[Finding]:
    text = toml or PROJECT.format(fields=fields or "\n".join(FIELDS.values()), name=name)
    with open_target(str(project(toml=text))) as target:
        return list(check_metadata(target))


def test_nothing_wrong(project: Callable[..., Path]) -> None:
    """A project with all metadata has no findings."""
    assert check(project) == []


@pytest.mark.parametrize("group", ["cocopot.plugin", "cocopot_plugins", "Cocopot.Plugins"])
def test_a_misspelled_group(group: str, project: Callable[..., Path]) -> None:
    """The finding names the group that the distribution has in place of the right one."""
    toml = PROJECT.format(fields="\n".join(FIELDS.values()), name="demo").replace("cocopot.plugins", group)
    [finding] = check(project, toml=toml)
    assert finding.code == "CP101"
    assert finding.message.endswith(f"names no plugin under 'cocopot.plugins'. It has the group {group!r}.")


@pytest.mark.parametrize("code", FIELDS)
def test_missing_fields(code: str, project: Callable[..., Path]) -> None:
    """Each field that is missing is a finding, and the only one."""
    fields = "\n".join(field for key, field in FIELDS.items() if key != code)
    assert [finding.code for finding in check(project, fields)] == [code]


@pytest.mark.parametrize(
    ("dependency", "codes"),
    [
        ("cocopot", ["CP702"]),
        ("Cocopot [serve] ; python_version > '3'", ["CP702"]),
        ("cocopot~=1.0", []),
        ("cocopot[serve]>=1.0; python_version > '3'", []),
        ("cocopot-cors>=1.0", ["CP701"]),
    ],
)
def test_dependency(dependency: str, codes: list[str], project: Callable[..., Path]) -> None:
    """The dependency on cocopot itself counts, however it is written, and must have a version."""
    fields = "\n".join({**FIELDS, "CP701": f'dependencies = ["{dependency}"]'}.values())
    assert [finding.code for finding in check(project, fields)] == codes


@pytest.mark.parametrize("classifier", ["License :: OSI Approved :: BSD License", "Typing :: Typed"])
def test_license_classifier(classifier: str, project: Callable[..., Path]) -> None:
    """A classifier may declare the licence."""
    fields = "\n".join({**FIELDS, "CP705": f'classifiers = ["{classifier}"]'}.values())
    assert bool(check(project, fields)) is not classifier.startswith("License")


def test_no_entry_point(project: Callable[..., Path]) -> None:
    """A distribution that names no plugin is none."""
    toml = '[project]\nname = "cocopot-demo"\n' + "\n".join(FIELDS.values())
    assert [finding.code for finding in check(project, toml=toml)] == ["CP101"]


@pytest.mark.parametrize(
    ("name", "usable"),
    [
        ("demo", True),
        ('"demo-2.x_y"', True),
        ("all", False),
        ('"a,b"', False),
        ('"a b"', False),
        ('"2x"', False),
    ],
)
def test_names(name: str, usable: bool, project: Callable[..., Path]) -> None:
    """A name that could not be written into the variables that choose plugins is a finding."""
    assert [finding.code for finding in check(project, name=name)] == ([] if usable else ["CP104"])


def test_a_name_that_another_distribution_has(project: Callable[..., Path]) -> None:
    """The finding names the other distribution; an installed copy of the same one does not count."""
    folder = str(project())
    with installed_plugin("demo", "", version="0.9"), open_target(folder) as target:
        assert [finding for finding in check_metadata(target) if finding.code == "CP103"] == []
    with (
        installed_plugin("demo", "", distribution="cocopot-older", version="0.9"),
        open_target(folder) as target,
    ):
        (finding,) = check_metadata(target)
    assert (finding.code, finding.plugin) == ("CP103", "demo")
    assert finding.message.startswith("cocopot-older 0.9 (cocopot_older), which is installed too,")


def test_requirements() -> None:
    """Requirements of extras do not count; names are normalized."""
    dependencies = ["Cocopot_CORS>=1", "cocopot", "pytest; extra == 'test'"]
    with installed_plugin("demo", "", dependencies=dependencies), open_target("demo") as target:
        assert requirements(target) == {"cocopot-cors": ">=1", "cocopot": ""}


def test_required_plugins_come_from_required_distributions() -> None:
    """A plugin that is required, but whose distribution is not, is a finding."""
    with installed_plugin("session", "", distribution="my-session"), installed_plugin("users", ""):
        dependencies = ["my-session"]
        with installed_plugin("demo", "", dependencies=dependencies), open_target("demo") as target:
            found = list(undeclared_requirements(target, "demo", ("session", "users", "demo", "absent")))
    assert [finding.code for finding in found] == ["CP706"]
    assert "requires the plugin 'users', but does not depend on cocopot-users" in found[0].message
