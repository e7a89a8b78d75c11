"""`cocopot plan` with real wheels, pip, and processes."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from cocopot.cli import main
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from tests.plans.conftest import MakeWheel

pytestmark = pytest.mark.slow

AUDIT = """
    import os
    from cocopot import hookimpl

    print("a line that is not JSON")
    os.write(1, b"nor is this")

    @hookimpl
    def cocopot_config_defaults(app):
        return {"DEMO_LEVEL": 3}

    @hookimpl
    def cocopot_setup(app):
        app.add_url_rule("/audit", "demo.audit", lambda: "audit")
        app.add_property("auditor", lambda app: None)
        app.add_request_property("audit", lambda request: None)

    @hookimpl
    def cocopot_register_commands(app, cli):
        @cli.command("audit")
        def audit(): ...

    @hookimpl(tryfirst=True)
    def cocopot_before_request(): ...
    """
OLD = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_config_defaults(app):
        return {"DEMO_LEVEL": 1}
    """
DOCUMENT = (Path(__file__).parents[4] / "docs" / "plan.md").read_text("utf-8")


def plan(*args: str | Path, disable: str = "") -> tuple[int, dict[str, Any]]:
    """Run the command; return its exit code and its document."""
    options = [f"--disable={disable}"] if disable else []
    result = CliRunner().invoke(main, [*options, "plan", "--json", *map(str, args)])
    return result.exit_code, json.loads(result.stdout)


def messages(document: dict[str, Any], severity: str) -> list[str]:
    return [each["message"] for each in document["problems"] if each["severity"] == severity]


def names(table: list[dict[str, Any]], key: str = "name") -> list[str]:
    return [entry[key] for entry in table]


def test_a_new_plugin(application: Path, wheel: MakeWheel) -> None:
    """Everything that it adds is listed, and what it prints does not disturb the document."""
    code, found = plan(wheel(AUDIT, metadata="Requires-Dist: cocopot>=1.0"), "--start")
    assert (code, found["problems"], found["application"]) == (0, [], "app")
    assert found["distributions"] == [
        {"name": "cocopot-demo", "before": None, "after": "1.0", "change": "install"}
    ]
    assert names(found["plugins"]["added"]) == ["demo"]
    assert found["load_order"] == {"before": [], "after": ["demo"]}
    assert names(found["routes"]["added"], "rule") == ["/audit"]
    assert [(row["key"], row["value"], row["plugin"]) for row in found["config"]["added"]] == [
        ("DEMO_LEVEL", 3, "demo")
    ]
    for table, name in {"commands": "audit", "properties": "auditor", "request_properties": "audit"}.items():
        assert found[table]["added"] == [{"name": name, "plugin": "demo"}]
    hooks = {hook["hook"]: (hook["before"], hook["after"]) for hook in found["hooks"]}
    assert hooks["cocopot_before_request"] == ([], ["demo (tryfirst)"])
    assert [(row["requirement"], row["fits"]) for row in found["dependencies"]] == [("cocopot>=1.0", True)]
    assert [path.name for path in application.parent.iterdir()] == ["app.py"]


def test_the_keys_of_the_document(application: Path, wheel: MakeWheel) -> None:
    """The page describes each of them."""
    section = DOCUMENT.partition("\n## JSON\n")[2]
    _, found = plan(wheel("raise ValueError"))
    keys = {*found, *found["problems"][0], *found["distributions"][0], *found["plugins"]["added"][0]}
    assert [key for key in sorted(keys) if f"`{key}`" not in section] == []


def test_an_upgrade(application: Path, wheel: MakeWheel) -> None:
    """The installed version is compared with the new one, and its modules cannot be imported any more."""
    with installed_plugin("demo", OLD, modules={"cocopot_gone": ""}, version="0.9"):
        application.write_text(application.read_text("utf-8") + "import cocopot_gone\n", "utf-8")
        code, found = plan(wheel(AUDIT))
        assert (code, found["distributions"][0]["change"]) == (1, "upgrade")
        (message,) = messages(found, "error")
        assert message.endswith("ModuleNotFoundError: No module named 'cocopot_gone'")
        application.write_text(application.read_text("utf-8").replace("import cocopot_gone\n", ""), "utf-8")
        code, found = plan(wheel(AUDIT))
    assert (code, names(found["plugins"]["added"]), len(found["plugins"]["changed"])) == (0, [], 1)
    (changed,) = found["config"]["changed"]
    assert (changed["before"]["value"], changed["after"]["value"]) == (1, 3)


def test_a_downgrade_under_another_name(application: Path, wheel: MakeWheel) -> None:
    """A plugin whose name changes is a warning, which fails only with --strict."""
    with installed_plugin("audit", OLD, distribution="cocopot-demo", version="2.0"):
        path = wheel(OLD)
        code, found = plan(path)
        strict, _ = plan(path, "--strict")
    assert (code, strict, found["distributions"][0]["change"]) == (0, 1, "downgrade")
    assert found["renamed"] == [{"before": "audit", "after": "demo", "distribution": "cocopot-demo"}]
    assert messages(found, "warning") == ["The plugin 'audit' of cocopot-demo would be named 'demo'."]


def test_a_removal(application: Path) -> None:
    """Without a distribution its plugin is gone, and another one that requires it fails."""
    other = f"requires = ('demo',)\n{OLD.replace('DEMO', 'OTHER')}".replace("\n    ", "\n")
    with (
        installed_plugin("demo", OLD),
        installed_plugin("other", other, dependencies=["cocopot-demo>=1"]),
    ):
        code, found = plan("--without", "cocopot-demo")
    assert (code, found["distributions"][0]["change"]) == (1, "remove")
    assert names(found["plugins"]["removed"]) == ["demo"]
    dependency, plugin = messages(found, "error")
    assert dependency.startswith(
        "cocopot-other 1.0.0 requires cocopot-demo>=1, which would not be installed."
    )
    assert "Plugin 'other' (cocopot-other 1.0.0, cocopot_other) requires 'demo', which is not" in plugin


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"tag": "cp39-cp39-win_amd64"}, "is not a supported wheel on this platform"),
        ({"metadata": "Requires-Python: >=3.99"}, "requires a different Python"),
        (
            {"metadata": "Requires-Dist: cocopot-missing>=1"},
            "requires cocopot-missing>=1, which would not be",
        ),
        ({"metadata": "Requires-Dist: cocopot>=7"}, "requires cocopot>=7, and the version of Cocopot is"),
        (
            {"source": "raise ValueError('no')"},
            "Plugin 'demo' (cocopot-demo 1.0, cocopot_demo) failed to load",
        ),
        ({"source": "import os; os._exit(3)"}, "Its process ended with the status 3."),
    ],
)
def test_what_cannot_be_installed_or_loaded(
    options: dict[str, str], expected: str, application: Path, wheel: MakeWheel
) -> None:
    """A wheel that does not suit the environment, or fails when it is loaded, is an error with the cause."""
    code, found = plan(wheel(**{"source": OLD, **options}))
    assert code == 1
    assert expected in "\n".join(messages(found, "error"))


def test_a_wheel_that_is_not_one(application: Path, tmp_path: Path) -> None:
    """A corrupt file is an error, too."""
    path = tmp_path / "cocopot_demo-1.0-py3-none-any.whl"
    path.write_bytes(b"PK nothing")
    code, found = plan(path)
    assert (code, found["distributions"], found["problems"][0]["kind"]) == (1, [], "installation")
    assert "is invalid" in found["problems"][0]["message"]


def test_a_plugin_that_hangs(application: Path, wheel: MakeWheel) -> None:
    """It is ended after the time limit."""
    code, found = plan(wheel("import time\ntime.sleep(60)"), "--timeout", "8")
    assert (code, found["compared"], found["plugins"]) == (1, False, None)
    (message,) = messages(found, "error")
    assert "was not created within 8 seconds" in message
    assert message.endswith(" It was at cocopot_demo.py:2.")


def test_a_plugin_that_crashes(application: Path, wheel: MakeWheel) -> None:
    """The error names the signal and the line."""
    code, found = plan(wheel("import os\nos.abort()"))
    assert (code, found["compared"]) == (1, False)
    assert "ended by signal SIGABRT. It was at cocopot_demo.py:2." in messages(found, "error")[0]


def test_a_thread_that_never_ends(application: Path, wheel: MakeWheel) -> None:
    """What it prints is not taken for the document, and it does not keep the process alive after an error."""
    thread = """
        import threading, time
        def print_lines():
            while True:
                print("{")
                print("[]")
                time.sleep(0.001)
        threading.Thread(target=print_lines).start()
        """
    path = wheel(textwrap.dedent(thread) + textwrap.dedent(OLD))
    code, found = plan(path)
    assert (code, found["problems"], names(found["plugins"]["added"])) == (0, [], ["demo"])
    path = wheel(textwrap.dedent(thread) + "import sys; sys.meta_path.clear()")
    code, found = plan(path)
    assert (code, found["compared"]) == (1, False)
    (message,) = messages(found, "error")
    assert "Its process ended with the status 1. Last output: ModuleNotFoundError:" in message


def test_extras(application: Path, wheel: MakeWheel) -> None:
    """What an extra depends on counts, also after a path; one that does not exist is a warning."""
    extra = "Provides-Extra: red-is\nRequires-Dist: cocopot-missing>=1; extra == 'red-is'"
    path = wheel(OLD, metadata=extra)
    code, found = plan(path)
    assert (code, found["dependencies"]) == (0, [])
    code, found = plan(f"{path}[RED_is,other]")
    assert (code, [each["fits"] for each in found["dependencies"]]) == (1, [False])
    assert "cocopot-demo 1.0 requires cocopot-missing>=1, which would not be" in messages(found, "error")[1]
    assert messages(found, "warning") == ["cocopot-demo 1.0 has no extra 'other', so that pip ignores it."]


def test_a_marker_that_does_not_apply(application: Path) -> None:
    """Nothing is installed, for that reason."""
    code, found = plan("cocopot-demo; python_version < '3'")
    assert (code, found["distributions"]) == (0, [])
    assert messages(found, "note") == [
        'Nothing would be installed: python_version < "3" does not apply to this Python.'
    ]


def test_a_project_that_cannot_be_built(application: Path, tmp_path: Path) -> None:
    """The error has the step that failed, and the end of the output of the build."""
    project = tmp_path / "project"
    project.mkdir()
    toml = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    project.joinpath("pyproject.toml").write_text(toml, "utf-8")
    project.joinpath("backend.py").write_text("raise SystemExit('no compiler')", "utf-8")
    code, found = plan(project)
    assert code == 1
    (message,) = messages(found, "error")
    assert "Getting requirements to build wheel did not run successfully.\n" in message
    assert message.endswith("\nno compiler")
    archive = tmp_path / "broken-1.0.tar.gz"
    archive.write_bytes(b"no archive")
    code, found = plan(archive)
    assert "pip itself failed: tarfile.ReadError: " in found["problems"][0]["message"]


@pytest.mark.parametrize(("name", "text"), [("direct_url.json", "[]"), ("RECORD", "a,b,c,d,e\n")])
def test_broken_metadata_of_what_is_removed(name: str, text: str, application: Path) -> None:
    """What an installer has recorded is used as far as it can be read."""
    with installed_plugin("demo", OLD) as installed:
        next(installed.path.glob("*.dist-info")).joinpath(name).write_text(text, "utf-8")
        code, found = plan("--without", "cocopot-demo")
    assert (code, names(found["plugins"]["removed"])) == (0, ["demo"])


def test_without_cocopot(application: Path) -> None:
    """Then there is no application."""
    code, found = plan("--without", "cocopot")
    assert code == 1
    assert messages(found, "error")[-1].endswith("RuntimeError: Cocopot itself is not installed.")


def test_a_distribution_without_a_plugin(application: Path, wheel: MakeWheel) -> None:
    """It changes nothing, which is stated."""
    result = CliRunner().invoke(main, ["plan", str(wheel("", points=""))])
    assert result.exit_code == 0
    assert result.output.startswith("cocopot-demo 1.0 (install)\n\nThe application app would not change.\n")
    assert "cocopot-demo registers no plugin" in result.output


def test_a_plugin_that_is_not_selected(
    application: Path, wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note has the reason for which it would not be loaded, and --disable is such a reason."""
    monkeypatch.setenv("COCOPOT_PLUGINS", "cors")
    _, found = plan(wheel(OLD))
    assert messages(found, "note") == [
        "The plugin 'demo' would not be loaded: not selected by COCOPOT_PLUGINS."
    ]
    monkeypatch.delenv("COCOPOT_PLUGINS")
    _, found = plan(wheel(OLD), disable="demo")
    assert messages(found, "note") == ["The plugin 'demo' would not be loaded: disabled by --disable."]


def test_conflicts_and_deprecated_hooks(
    application: Path, wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that is shadowed, a hook that is deprecated and a lock that differs are warnings."""
    kitchen = """
        from cocopot import hookimpl, hookspec

        @hookspec(deprecated="1.0", removed="9.0", since="0.1")
        def kitchen_boil(app):
            "Boil."

        class Kitchen:
            @hookimpl
            def cocopot_addhooks(self, pluginmanager):
                import cocopot_kitchen
                pluginmanager.add_hookspecs(cocopot_kitchen)
        """
    demo = """
        from cocopot import hookimpl

        @hookimpl
        def kitchen_boil(app): ...

        @hookimpl
        def cocopot_setup(app):
            app.add_url_rule("/", "demo.index", lambda: "demo")
        """
    monkeypatch.setenv("COCOPOT_PLUGIN_LOCK", "plugins.lock")
    with installed_plugin("kitchen", kitchen, entry_point="cocopot_kitchen:Kitchen"):
        code, found = plan(wheel(demo))
    kinds = [each["kind"] for each in found["problems"]]
    assert (code, sorted(kinds)) == (0, ["conflict", "deprecation", "lock"])
    assert found["conflicts"]["added"][0]["key"] == "GET /"
    assert any(
        "implements 'kitchen_boil', which cocopot_kitchen 1.0" in text for text in messages(found, "warning")
    )


def test_an_application_that_needs_what_is_planned(application: Path, wheel: MakeWheel) -> None:
    """One that cannot be loaded before the installation is compared as far as possible; that is a note."""
    text = application.read_text("utf-8")
    application.write_text(f"import cocopot_demo\n{text}", "utf-8")
    code, found = plan(wheel(AUDIT))
    assert (code, found["application"], found["routes"]) == (0, "app", None)
    assert names(found["plugins"]["added"]) == ["demo"]
    assert re.fullmatch(r".* could be then\. Now: ModuleNotFoundError: .*", messages(found, "note")[0])
    application.write_text(f"import missing_everywhere\n{text}", "utf-8")
    code, found = plan(wheel(AUDIT))
    assert (code, found["application"]) == (1, None)
    assert messages(found, "error")[0].startswith("The application cannot be loaded, now or then: ")


def test_requirements(application: Path, wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement is found where pip is configured to look, and what is installed changes nothing."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel(OLD).parent))
    wheel(AUDIT, version="2.0")
    code, found = plan("cocopot-demo<2")
    assert (code, found["distributions"][0]["after"]) == (0, "1.0")
    code, found = plan("cocopot-demo==3")
    assert (code, found["problems"][0]["kind"]) == (1, "installation")
    code, found = plan("cocopot")
    assert (code, found["distributions"], found["errors"]) == (0, [], 0)
    assert "is installed already" in messages(found, "note")[0]


def test_what_a_new_distribution_needs(
    application: Path, wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch, project: Any
) -> None:
    """A dependency that is missing is installed, too, and a project's folder is built without changing it."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel(OLD).parent))
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    build = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    toml = """
        [project]
        name = "cocopot-tea"
        version = "1.2"
        dependencies = ["cocopot-demo>=1"]

        [project.entry-points."cocopot.plugins"]
        tea = "cocopot_tea"
        """
    source = "requires = ('demo',)\n@hookimpl\ndef cocopot_setup(app): ..."
    folder = project(source, "tea", toml=toml)
    file = folder / "pyproject.toml"
    file.write_text(build + file.read_text("utf-8"), "utf-8")
    before = sorted(folder.rglob("*"))
    code, found = plan(folder)
    assert (code, found["problems"]) == (0, [])
    assert names(found["distributions"]) == ["cocopot-tea", "cocopot-demo"]
    assert found["load_order"]["after"] == ["demo", "tea"]
    assert sorted(folder.rglob("*")) == before


def test_the_example_in_the_documentation(
    application: Path, wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What plan.md shows is what an upgrade prints that adds a route and changes a default."""
    monkeypatch.chdir(application.parents[1])
    monkeypatch.setenv("COCOPOT_APP", "shop/app.py")
    new = f"""{OLD.replace("1}", "3}")}
    @hookimpl
    def cocopot_setup(app):
        app.add_url_rule("/audit", "demo.audit", lambda: "audit")
    """
    wheel(new, version="1.1", metadata="Requires-Dist: cocopot>=1.0")
    example = DOCUMENT.partition("$ cocopot plan wheels/")[2].partition("```")[0]
    name, _, expected = example.partition("\n")
    with installed_plugin("demo", OLD, version="1.0"):
        assert CliRunner().invoke(main, ["plan", f"wheels/{name}"]).output == expected
