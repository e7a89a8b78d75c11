"""Run all checks of a distribution, and collect the findings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot
from cocopot_devtools.checks.cost import import_message
from cocopot_devtools.checks.findings import Finding
from cocopot_devtools.checks.metadata import check_metadata, undeclared_requirements
from cocopot_devtools.checks.process import Processes
from cocopot_devtools.checks.rules import RULES
from cocopot_devtools.checks.sources import check_source, config_reads, read_sources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from importlib_metadata import EntryPoint

    from cocopot_devtools.checks.rules import Rule, Stage
    from cocopot_devtools.checks.sources import Source
    from cocopot_devtools.checks.targets import Target

#: How often the import is measured; the quickest counts.
_IMPORTS = 3
_SEVERITIES = ("error", "warning", "info")


@dataclass(slots=True)
class Review:
    """The result of the checks.

    Args:
        target: The distribution.
        findings: The findings, the most severe first.
        stages: The stages that all plugins of the distribution reached.
    """

    target: Target
    findings: list[Finding] = field(default_factory=list)
    stages: set[Stage] = field(default_factory=set)

    def count(self, severity: str) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.rule.severity == severity for finding in self.findings)

    def passed(self) -> list[Rule]:
        """Return the rules that were checked, and are not broken."""
        broken = {finding.code for finding in self.findings}
        return [rule for rule in RULES.values() if rule.stage in self.stages and rule.code not in broken]

    def undecided(self) -> list[Rule]:
        """Return the rules that were not checked, because an earlier check failed."""
        broken = {finding.code for finding in self.findings}
        return [rule for rule in RULES.values() if rule.stage not in self.stages and rule.code not in broken]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a review.

    Args:
        config: Configuration for the applications that load the plugin.
        timeout: How long the plugin may take for a group of checks, in seconds.
        cost: Whether to measure what it costs.
        ignore: Codes of rules that are ignored.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 30.0
    cost: bool = True
    ignore: Collection[str] = ()


def review(target: Target, options: Options) -> Review:
    """Check a distribution.

    Args:
        target: The distribution.
        options: The options.
    """
    found = Review(target, list(check_metadata(target)), {"metadata", "source"})
    sources, unreadable = read_sources(target.sources())
    found.findings += unreadable
    for source in sources:
        found.findings += check_source(source)
    found.findings += _untyped(target)
    if not any(finding.code in {"CP101", "CP103"} for finding in found.findings):
        stages = [_run(found, point, sources, options) for point in target.entry_points]
        found.stages |= set.intersection(*stages)
    found.findings = sorted(
        (replace(f, file=target.place(f.file)) for f in found.findings if f.code not in options.ignore),
        key=lambda f: (_SEVERITIES.index(f.rule.severity), f.code, f.plugin, f.file, f.line),
    )
    return found


def _untyped(target: Target) -> Iterator[Finding]:
    for path in target.packages():
        if path.is_file():
            message = f"{path.name} is a single module, which cannot have py.typed."
            yield Finding("CP603", message, str(path))
        elif not path.joinpath("py.typed").is_file():
            yield Finding("CP601", f"The package {path.name} has no py.typed.", str(path / "__init__.py"))


def _run(found: Review, point: EntryPoint, sources: Iterable[Source], options: Options) -> set[Stage]:
    """Run the checks that run the plugin; return the stages that were reached."""
    processes = Processes(found.target, options.config, options.timeout)
    outcome = processes.run("check", point)
    facts = outcome.facts
    found.findings += outcome.findings
    found.findings += undeclared_requirements(found.target, point.name, facts.get("requires", ()))
    stages: set[Stage] = set()
    if facts.get("loaded"):
        stages.add("load")
    if facts.get("set up"):
        stages.add("setup")
        found.findings += _config_findings(point.name, facts, sources)
    if facts.get("started") and outcome.completed:
        stages.add("requests")
        if options.cost:
            stages.add("cost")
            found.findings += _cost(processes, point)
    return stages


def _cost(processes: Processes, point: EntryPoint) -> Iterator[Finding]:
    yield from processes.run("requests", point).findings
    runs = [processes.run("import", point, "-X", "importtime") for _ in range(_IMPORTS)]
    if all(run.completed for run in runs):
        message = import_message(run.errors for run in runs)
        yield Finding("CP801", message, plugin=point.name)


# -------------------------------------------------------------------------
# Configuration
# -------------------------------------------------------------------------


def _config_findings(plugin: str, facts: Mapping[str, Any], sources: Iterable[Source]) -> Iterator[Finding]:
    """Compare the keys that a plugin names with those that its source reads."""
    prefix, declared = _prefix(plugin), facts["declared"]
    file, line = facts.get("declared at", ("", 0))
    for key in declared:
        if not key.startswith(prefix) and key not in _FLASK_KEYS:
            message = f"It names the key {key!r}, which does not begin with {prefix!r}."
            yield Finding("CP401", message, file, line, plugin)
    others = tuple(map(_prefix, facts["others"]))
    defaults = Cocopot("cocopot_devtools", autoload=False).config
    for read in (read for source in sources for read in config_reads(source)):
        if read.key in declared or read.key in defaults or read.key.startswith(others):
            continue
        if read.key.startswith(prefix):
            message = f"It reads the key {read.key!r}, which cocopot_config_defaults does not name."
            yield Finding("CP402", message, read.file, read.line, plugin)
        else:
            message = f"It reads the key {read.key!r}, which does not begin with {prefix!r}."
            yield Finding("CP401", message, read.file, read.line, plugin)


#: The keys that have the names which Flask has for them, and not the prefix of the plugin that declares them.
_FLASK_KEYS = frozenset({"EXPLAIN_TEMPLATE_LOADING", "PERMANENT_SESSION_LIFETIME", "TEMPLATES_AUTO_RELOAD"})


def _prefix(plugin: str) -> str:
    """Return what the configuration keys of a plugin begin with."""
    return f"{re.sub('[^A-Z0-9]+', '_', plugin.upper())}_"
