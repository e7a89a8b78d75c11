"""The rules: each with its code, why it matters, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
#: What is run to check a rule; a stage is not reached if an earlier one found an error.
Stage = Literal["metadata", "source", "load", "setup", "requests", "cost"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a plugin is checked against.

    Args:
        code: A stable code, such as `"CP101"`.
        name: A few words, with hyphens.
        severity: `"error"`, `"warning"` or `"info"`.
        stage: The stage in which it is checked.
        reason: Why it matters.
        fix: What to do.
    """

    code: str
    name: str
    severity: Severity
    stage: Stage
    reason: str
    fix: str


def _rule(code: str, name: str, severity: Severity, stage: Stage, reason: str, fix: str) -> tuple[str, Rule]:
    return code, Rule(code, name, severity, stage, reason, fix)


#: Every rule, by its code. A code is never used again for something else.
RULES: dict[str, Rule] = dict(
    (
        # -- loading -------------------------------------------------------
        _rule(
            "CP101",
            "no-entry-point",
            "error",
            "metadata",
            "Cocopot finds plugins by their entry points; nothing else makes a distribution a plugin.",
            'Add [project.entry-points."cocopot.plugins"] with NAME = "module:object" to pyproject.toml.',
        ),
        _rule(
            "CP102",
            "entry-point-fails",
            "error",
            "load",
            "An application in whose environment the plugin is installed does not start.",
            "Import the entry point's value in a fresh interpreter, and repair what it raises.",
        ),
        _rule(
            "CP103",
            "duplicate-name",
            "error",
            "metadata",
            "Two distributions with one plugin name stop every application that loads that name.",
            "Rename the plugin, or uninstall the other distribution if it is an old name of this one.",
        ),
        _rule(
            "CP104",
            "unusable-name",
            "error",
            "metadata",
            "People disable and order a plugin by its name, in variables that separate names with commas.",
            "Name it with letters, digits, '-', '_' and '.', beginning with a letter, and not all or none.",
        ),
        _rule(
            "CP105",
            "ends-process",
            "error",
            "load",
            "A plugin that ends the process, or never returns, stops the application too.",
            "Raise an exception in place of leaving the process; do long work in a thread, from startup on. "
            "If it is only slow, allow more time with --timeout.",
        ),
        _rule(
            "CP106",
            "requirement-missing",
            "error",
            "load",
            "A plugin whose requirements are not there stops the application.",
            "Depend on the distribution of the plugin, and define requires as a tuple of plugin names.",
        ),
        _rule(
            "CP107",
            "no-hook",
            "error",
            "load",
            "A plugin is called through its hooks alone; without one it does nothing.",
            "Name the class or object with the hooks in the entry point, and mark them with @hookimpl. "
            "A plugin that only loads others defines requires.",
        ),
        # -- the contract --------------------------------------------------
        _rule(
            "CP201",
            "unknown-hook",
            "error",
            "load",
            "A hook without a specification is never called, so the application rejects its implementation.",
            "Correct the name; if another plugin specifies the hook, require that plugin, "
            "or mark the function with @hookimpl(optionalhook=True).",
        ),
        _rule(
            "CP202",
            "hook-signature",
            "error",
            "load",
            "Hooks pass their arguments by name; an application rejects what it could not call.",
            "Take arguments of the hook, as many as are needed, by the names that docs/hooks.md gives them.",
        ),
        _rule(
            "CP203",
            "unmarked-hook",
            "error",
            "load",
            "A function with the name of a hook that has no mark, is asynchronous, or has a `yield` without "
            "wrapper=True, would never run.",
            "Mark it with @hookimpl, or with @hookimpl(wrapper=True) if it has a `yield`; or give it another "
            "name.",
        ),
        _rule(
            "CP204",
            "setup-fails",
            "error",
            "setup",
            "An application in whose environment the plugin is installed does not start.",
            "Let cocopot_config_defaults and cocopot_setup work without configuration; "
            "check it in cocopot_startup.",
        ),
        _rule(
            "CP205",
            "startup-fails",
            "error",
            "setup",
            "The first request, and each one after it, fails.",
            "Give each key a default that works; if there is none, raise a PluginError that names the key.",
        ),
        _rule(
            "CP206",
            "needs-configuration",
            "warning",
            "setup",
            "Users who install the plugin must configure it; what it does in requests was not checked.",
            "Give the keys defaults with which it does nothing, or check again with --config KEY=VALUE.",
        ),
        _rule(
            "CP207",
            "hook-of-another-plugin",
            "info",
            "load",
            "An application that does not load the plugin which specifies the hook rejects this one.",
            "Require that plugin, or mark the function with @hookimpl(optionalhook=True).",
        ),
        # -- isolation -----------------------------------------------------
        _rule(
            "CP301",
            "private-import",
            "error",
            "source",
            "What is not public changes without notice, and the plugin breaks with the next release.",
            "Import from cocopot, cocopot.cli, cocopot.coroutines, cocopot.exceptions, cocopot.json, "
            "cocopot.sessions, cocopot.templating, cocopot.testing, cocopot.types or cocopot.views; for the "
            "rest ask for a public name.",
        ),
        _rule(
            "CP302",
            "import-effect",
            "error",
            "load",
            "It changes the whole process, and in a way that depends on which module is imported first.",
            "Do it in cocopot_setup or cocopot_startup, and to the application only.",
        ),
        _rule(
            "CP303",
            "unreadable-source",
            "error",
            "source",
            "A file that is not valid Python fails when it is imported, perhaps only for some users.",
            "Repair the file, or exclude it from the distribution.",
        ),
        _rule(
            "CP304",
            "foreign-extension",
            "warning",
            "setup",
            "State under another name in app.extensions may be overwritten by the plugin of that name.",
            "Keep it in app.extensions under the plugin's own name.",
        ),
        _rule(
            "CP305",
            "second-app-fails",
            "error",
            "setup",
            "Tests, and servers with several applications, make more than one application in a process.",
            "Keep what belongs to an application in app.extensions, not in a module or a class.",
        ),
        _rule(
            "CP306",
            "shared-state",
            "warning",
            "requests",
            "All applications of a process share what a module or a plugin object keeps.",
            "Keep it in app.extensions[NAME], or on g if it belongs to a request.",
        ),
        # -- configuration -------------------------------------------------
        _rule(
            "CP401",
            "config-unprefixed",
            "warning",
            "setup",
            "Keys without the plugin's prefix collide with those of others, and do not show their plugin.",
            "Begin every key with the plugin's name in upper case and an underscore.",
        ),
        _rule(
            "CP402",
            "config-undeclared",
            "warning",
            "setup",
            "A key that cocopot_config_defaults does not name has no default, and is not listed anywhere.",
            "Name it with its default in cocopot_config_defaults.",
        ),
        # -- requests ------------------------------------------------------
        _rule(
            "CP501",
            "request-fails",
            "error",
            "requests",
            "An ordinary request to the application becomes a 500.",
            "Repair it; the body of a response may also be an iterator, or a file that is passed on.",
        ),
        _rule(
            "CP502",
            "fails-without-route",
            "error",
            "requests",
            "Where no route matches, there is no endpoint and there are no view arguments.",
            "Expect request.url_rule, request.endpoint and view_args to be None.",
        ),
        _rule(
            "CP503",
            "fails-after-exception",
            "error",
            "requests",
            "An error in a view is when cleaning up matters most; the plugin's own error hides it.",
            "Let after-request and teardown hooks work whatever the view did.",
        ),
        _rule(
            "CP504",
            "fails-when-skipped",
            "error",
            "requests",
            "If an earlier plugin answers or fails, before hooks are skipped, but not the later hooks.",
            "Do not rely on what a before hook sets: read it with a default, such as g.get(name).",
        ),
        _rule(
            "CP505",
            "fails-on-bad-input",
            "error",
            "requests",
            "Any client can send malformed headers; they must end in a 4xx, never in a 500.",
            "Reject it with abort(400), or ignore what cannot be parsed.",
        ),
        _rule(
            "CP506",
            "teardown-lost",
            "error",
            "requests",
            "The teardown hooks of other plugins did not run, so their resources are never released.",
            "In a wrapper of a teardown hook, yield once whatever happens, and do not raise before.",
        ),
        _rule(
            "CP507",
            "fails-outside-requests",
            "error",
            "requests",
            "Commands, the shell and the end of the process run hooks too, and without a request.",
            "Do not use request in hooks that do not get it, and close only what was opened.",
        ),
        # -- types ---------------------------------------------------------
        _rule(
            "CP601",
            "untyped-package",
            "warning",
            "source",
            "Type checkers ignore the annotations of a package without the file py.typed (PEP 561).",
            "Put an empty file py.typed into the package.",
        ),
        _rule(
            "CP602",
            "unannotated-hook",
            "warning",
            "source",
            "Type checkers do not check functions without annotations.",
            "Annotate the arguments and the result as docs/hooks.md shows them.",
        ),
        _rule(
            "CP603",
            "untyped-module",
            "info",
            "source",
            "Type checkers ignore the annotations of a single module: "
            "it cannot have the file py.typed (PEP 561).",
            "If others import it, make a package of NAME.py, "
            "with the files NAME/__init__.py and NAME/py.typed.",
        ),
        # -- metadata ------------------------------------------------------
        _rule(
            "CP701",
            "no-dependency",
            "error",
            "metadata",
            "Installed alone, the plugin cannot be imported.",
            'Add "cocopot>=1.0" to the dependencies.',
        ),
        _rule(
            "CP702",
            "unbounded-dependency",
            "warning",
            "metadata",
            "An installer may choose a release of Cocopot that lacks what the plugin uses.",
            'Require the oldest release that works: "cocopot>=1.0".',
        ),
        _rule(
            "CP703",
            "no-requires-python",
            "warning",
            "metadata",
            "Installers offer the distribution to versions of Python in which it fails.",
            'Set requires-python, such as ">=3.11".',
        ),
        _rule(
            "CP704",
            "no-readme",
            "warning",
            "metadata",
            "The index shows an empty page, so users cannot learn what the plugin does.",
            'Set readme = "README.md", and write what the plugin is for and which keys it has.',
        ),
        _rule(
            "CP705",
            "no-license",
            "warning",
            "metadata",
            "Without a licence, using it is not permitted.",
            'Set license, such as "BSD-3-Clause", and license-files.',
        ),
        _rule(
            "CP706",
            "undeclared-requirement",
            "warning",
            "metadata",
            "The plugin requires another one, whose distribution is not installed with it.",
            "Add that distribution to the dependencies.",
        ),
        # -- cost ----------------------------------------------------------
        _rule(
            "CP801",
            "import-cost",
            "info",
            "cost",
            "Every start of the application, every worker and every command pays for it.",
            "Import what is large where it is needed, not at the top of a module.",
        ),
        _rule(
            "CP802",
            "request-cost",
            "info",
            "cost",
            "Every request pays for it, also one that has nothing to do with the plugin.",
            "Compute in cocopot_startup what does not depend on the request, and leave early.",
        ),
    )
)
