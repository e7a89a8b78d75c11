from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.loading import check_loading

if TYPE_CHECKING:
    from tests.conftest import MakePlugin

GOOD = """
    class Plugin:
        requires = ()
        after = ("session",)

        @hookimpl
        def cocopot_before_request(self, app, request):
            return None
    """
#: A hook, for a plugin that is checked for something else.
HOOK = "\n@hookimpl\ndef cocopot_startup(app: object) -> None: ..."
#: Plugins with one fault each: the source, the rule, the line of the finding, and what it states.
FAULTY = {
    "import": ("import a_module_that_nobody_has", "CP102", 4, "No module named 'a_module_that_nobody_has'"),
    "syntax": ("def broken(:", "CP102", 4, "SyntaxError"),
    "exit": ("raise SystemExit('bye')", "CP102", 4, "SystemExit: bye"),
    "hook": ("@hookimpl\ndef cocopot_befor_request(app): ...", "CP201", 5, "mean 'cocopot_before_request'?"),
    "argument": (
        "@hookimpl\ndef cocopot_startup(application): ...",
        "CP202",
        5,
        "cocopot_startup has no argument 'application'; it has the argument app.",
    ),
    "wrapper": (
        "@hookimpl(wrapper=True)\ndef cocopot_setup(app): yield",
        "CP202",
        5,
        "cocopot_setup cannot have wrappers",
    ),
    "yield": (
        "@hookimpl\ndef cocopot_startup(app): yield",
        "CP203",
        5,
        "with a `yield` and without wrapper=True",
    ),
    "async": ("@hookimpl\nasync def cocopot_startup(app): ...", "CP203", 5, "with `async def`"),
    "self": (
        "@hookimpl\ndef cocopot_startup(*args): ...",
        "CP202",
        5,
        "*args or **kwargs, which would get nothing",
    ),
    "mark": ("def cocopot_startup(app): ...", "CP203", 4, "without the mark @cocopot.hookimpl"),
    "addhooks": (
        "@hookimpl\ndef cocopot_addhooks(pluginmanager):\n    1 / 0",
        "CP204",
        6,
        "ZeroDivisionError",
    ),
    "requires": (
        "requires = ('nothing',)",
        "CP106",
        0,
        "requires the plugin 'nothing', which is not installed",
    ),
    "no hook": ("class Plugin: ...", "CP107", 1, "It implements no hook, so it does nothing."),
    "class": (
        "class Plugin:\n    @hookimpl\n    def cocopot_startup(self, app): ...",
        "CP107",
        1,
        "Did you mean the entry point 'cocopot_demo:Plugin'?",
    ),
    "misspelled": (
        "@hookimpl\ndef cocopot_setup(app): ...\ndef cocopot_aftr_request(response): ...",
        "CP203",
        1,
        "has a function 'cocopot_aftr_request', which is not a hook. Did you mean 'cocopot_after_request'?",
    ),
    "malformed": ("requires = 'session'", "CP106", 0, "It has requires = 'session'; it must be a tuple"),
    "after": ("after = {'session'}", "CP106", 0, "It has after = {'session'}; it must be a tuple"),
}


def test_a_good_plugin(subject: MakePlugin) -> None:
    """A plugin that can be loaded has no findings, and states what it requires."""
    made = subject(GOOD, entry_point="cocopot_demo:Plugin")
    check_loading(made)
    assert made.findings == []
    assert made.facts == {"loaded": True, "requires": (), "others": ("session",)}
    assert made.usable


@pytest.mark.parametrize("fault", FAULTY)
def test_faults(fault: str, subject: MakePlugin) -> None:
    """Each fault is one finding, at its place, without the cure of disabling the plugin."""
    source, code, line, expected = FAULTY[fault]
    made = subject(source)
    check_loading(made)
    (finding,) = made.findings
    assert (finding.code, finding.line, finding.plugin) == (code, line, "demo")
    assert finding.file.endswith("cocopot_demo.py") or not line
    assert expected in finding.message
    assert "To go on without it" not in finding.message
    assert "\n  at " not in finding.message
    assert not made.usable


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("cocopot_demo:nothing", "it names 'nothing', which the module 'cocopot_demo' does not have."),
        ("cocopot_nowhere", "ModuleNotFoundError: No module named 'cocopot_nowhere'."),
        ("no value", "it has the entry point 'no value', which is not a reference."),
        ("cocopot_demo:Plugin", "ValueError: no licence."),
    ],
)
def test_values(value: str, expected: str, subject: MakePlugin) -> None:
    """A value that leads nowhere, and a class that cannot be instantiated, are reported with the value."""
    source = "class Plugin:\n    def __init__(self):\n        raise ValueError('no licence')"
    made = subject(source, entry_point=value)
    check_loading(made)
    assert [found.code for found in made.findings] == ["CP102"]
    assert made.findings[0].message.startswith(f"{value!r} cannot be loaded: {expected}")


def test_a_requirement_that_is_broken(subject: MakePlugin) -> None:
    """A fault of a plugin that is required is reported as that."""
    made = subject("requires = ('users',)")
    subject("@hookimpl\ndef cocopot_befor_request(app): ...", "users")
    check_loading(made)
    (finding,) = made.findings
    assert finding.code == "CP106"
    assert finding.message.startswith("Plugin 'users' (cocopot-users 1.0.0, cocopot_users) implements")


def test_effects(subject: MakePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the import changes is reported, with the place of what is there now."""
    monkeypatch.setattr(sys, "displayhook", sys.displayhook)
    made = subject("import sys\n\ndef show(value): ...\n\nsys.displayhook = show\n" + HOOK)
    check_loading(made)
    (finding,) = made.findings
    assert (finding.code, finding.line) == ("CP302", 6)
    assert finding.message == "Importing it changes sys.displayhook, which now is cocopot_demo.show."


def test_a_closed_standard_output(subject: MakePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that closes what is printed to is reported, and nothing breaks by it."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    made = subject("import sys\nsys.stdout = None" + HOOK)
    check_loading(made)
    assert [found.message for found in made.findings] == [
        "Importing it changes sys.stdout.",
        "Importing it prints to standard output, or closes it.",
    ]


def test_effects_of_an_import_that_fails(subject: MakePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was changed before the import failed is reported, too."""
    monkeypatch.setattr(sys, "displayhook", sys.displayhook)
    made = subject("import sys\nsys.displayhook = print\n1 / 0")
    check_loading(made)
    assert [found.code for found in made.findings] == ["CP302", "CP102"]


#: A plugin that specifies hooks of several kinds.
USERS = """
    class Specs:
        @hookspec(order="in")
        def users_loaded(self, user): ...

        @hookspec(threaded="name", order="out")
        def users_name(self, user, name): ...

        @hookspec(every=True, order="out")
        def users_removed(self, user): ...

    @hookimpl
    def cocopot_addhooks(pluginmanager):
        pluginmanager.add_hookspecs(Specs)
    """
OF_USERS = """
    @hookimpl{options}
    def users_name(name): return name

    @hookimpl{options}
    def users_removed(user): ...
    """


@pytest.mark.parametrize(
    ("head", "options"),
    [("requires = ('users',)", ""), ("", "(optionalhook=True)")],
    ids=["requires", "optional"],
)
def test_hooks_of_another_plugin(head: str, options: str, subject: MakePlugin) -> None:
    """Hooks that another plugin specifies may be implemented, whatever their kind."""
    made = subject(f"{head}\n{textwrap.dedent(OF_USERS.format(options=options))}")
    subject(USERS, "users")
    check_loading(made)
    assert made.findings == []
    assert made.usable


def test_hooks_of_a_plugin_that_is_not_required(subject: MakePlugin) -> None:
    """If that plugin is installed it is loaded, too; that it may be missing elsewhere is only a note."""
    made = subject(OF_USERS.format(options=""))
    subject(USERS, "users")
    check_loading(made)
    (finding,) = made.findings
    assert (finding.code, finding.rule.severity) == ("CP207", "info")
    assert finding.message == "It implements hooks of 'users', and does not require it."
    assert made.usable


def test_a_wrong_argument_of_another_plugins_hook(subject: MakePlugin) -> None:
    """The hook's specification holds for it as for Cocopot's own."""
    made = subject("@hookimpl\ndef users_name(title): ...")
    subject(USERS, "users")
    check_loading(made)
    assert [found.code for found in made.findings] == ["CP207", "CP202"]
    assert "users_name has no argument 'title'; it has the arguments user, name." in made.findings[1].message


def test_a_hook_that_no_installed_plugin_specifies(subject: MakePlugin) -> None:
    """It is unknown, also if other plugins specify hooks."""
    made = subject("@hookimpl\ndef users_nam(name): ...")
    subject(USERS, "users")
    check_loading(made)
    assert [found.code for found in made.findings] == ["CP201"]
