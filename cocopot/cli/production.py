"""Development defaults that do not suit production: what `cocopot check` warns about."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from cocopot.cli.findings import error_finding, warning
from cocopot.cli.masking import shown
from cocopot.cli.run import environment_fault
from cocopot.cli.variables import unread_variables
from cocopot.config_keys import DEFAULTS
from cocopot.serving import is_loopback, split_server_name
from cocopot.suggestions import close_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot.cli.findings import Finding
    from cocopot.config import Config

#: Keys that help to develop or to test, each with what it does.
_DEVELOPMENT = {
    "DEBUG": "errors are shown to clients, with a debugger that runs code under the development server",
    "TESTING": "exceptions reach the server instead of becoming a 500",
    "PROPAGATE_EXCEPTIONS": "exceptions reach the server instead of becoming a 500",
    "TRAP_HTTP_EXCEPTIONS": "HTTP exceptions, such as a 404, are treated as errors of the application",
    "TRAP_BAD_REQUEST_ERRORS": "a form field that a client omits is treated as an error of the application",
}
#: The fewest bytes of a key that signs: those of SHA-256 (RFC 2104, section 3).
_SHORTEST_KEY = 32
#: Values of keys that are written in examples.
_EXAMPLE_KEY = re.compile(r"(?:dev|test|secret|change|example|insecure|default|your|my)\b", re.IGNORECASE)
#: Values that name a store in the memory of one process.
_IN_MEMORY = re.compile(
    r"sqlite(?:\+\w+)?://(?:/?:memory:.*)?|:memory:|memory://.*|locmem(?:://.*)?|inmemory(?:://.*)?",
    re.IGNORECASE,
)
#: How similar a key must be to one of the core to be taken for a misspelling.
_SIMILAR = 0.88


def production_findings(config: Config, target: str | None = None) -> Iterator[Finding]:
    """Yield a warning for each setting that does not suit production.

    Args:
        config: The configuration of an application that has been created.
        target: The value of `--app` for a second process, which creates the application again.
    """
    faulty = {fault.key for fault in config.faults()}
    valid = {key: value for key, value in config.items() if key not in faulty}
    yield from _development_modes(valid)
    yield from _secret_key(valid.get("SECRET_KEY"), target)
    yield from _hosts(valid)
    yield from _limits(valid)
    yield from _process_state(valid)
    yield from _misspelled(config)
    for text, cure in unread_variables(config).values():
        yield warning("environment", text, cure)
    if (fault := environment_fault()) is not None:
        yield error_finding("environment", f"cocopot run cannot serve with COCOPOT_RUN_*: {fault}")


def _misspelled(config: Config) -> Iterator[Finding]:
    """Yield a warning for each key that is similar to one of the core, or to one that a plugin declares."""
    for key in sorted(map(str, config.keys() - DEFAULTS.keys() - config.declared.keys())):
        close = close_name(key, [*DEFAULTS, *config.declared], cutoff=_SIMILAR)
        if close is not None:
            plugin = config.declared.get(close)
            owner = "Cocopot" if plugin is None else f"the plugin {plugin!r}"
            yield warning(
                "configuration", f"The key {key} is not a key of {owner}.", f"Did you mean {close}?"
            )


def _development_modes(config: Mapping[str, object]) -> Iterator[Finding]:
    for key, effect in _DEVELOPMENT.items():
        if config.get(key):
            yield warning("production", f"{key} is on: {effect}.", f"Do not set {key} in production.")


def _secret_key(key: object, target: str | None) -> Iterator[Finding]:
    if not isinstance(key, str | bytes):
        return
    cure = (
        f"Set {_SHORTEST_KEY} random bytes or more, the same in every process: "
        "python -c 'import secrets; print(secrets.token_hex())'"
    )
    data = key.encode() if isinstance(key, str) else key
    text = data.decode("latin-1")
    if len(data) < _SHORTEST_KEY or len(set(data)) < 8 or (_EXAMPLE_KEY.match(text) and "-" in text):
        problem = f"SECRET_KEY can be guessed: it has {len(data)} bytes, {len(set(data))} different ones."
        yield warning("production", problem, cure)
    elif _value_in_other_process("SECRET_KEY", target) not in (None, shown(key, masks=False)):
        problem = "SECRET_KEY differs in each process: what one signs, another one rejects."
        yield warning("production", problem, cure)


def _value_in_other_process(key: str, target: str | None) -> object:
    """Return the value of a key in a second process, as `shown` returns it; `None` if it is unknown."""
    app = () if target is None else ("--app", target)
    command = (sys.executable, "-m", "cocopot", *app, "config", key, "--json", "--show-secrets")
    try:
        process = subprocess.run(command, capture_output=True, check=True, timeout=60)  # noqa: S603 - our own
        return json.loads(process.stdout)[key]["value"]
    except (subprocess.SubprocessError, OSError, ValueError, KeyError):
        return None


def _hosts(config: Mapping[str, object]) -> Iterator[Finding]:
    if config.get("TRUSTED_HOSTS", ()) is None:
        yield warning(
            "production",
            "TRUSTED_HOSTS is None: a request may name any host, and URLs with a host are built from it.",
            "Set the list of hosts that the application serves, such as ['shop.example'].",
        )
    name = config.get("SERVER_NAME")
    if not isinstance(name, str):
        return
    host, _ = split_server_name(name)
    if host and is_loopback(host):
        yield warning(
            "production",
            f"SERVER_NAME is {name}, which other machines cannot reach.",
            "Set the host that clients use.",
        )
    elif config.get("PREFERRED_URL_SCHEME") == "http":
        yield warning(
            "production",
            "PREFERRED_URL_SCHEME is http: URLs that are built outside a request are not secure.",
            "Set 'https'.",
        )


def _limits(config: Mapping[str, object]) -> Iterator[Finding]:
    if config.get("MAX_CONTENT_LENGTH", 0) is None:
        yield warning(
            "production",
            "MAX_CONTENT_LENGTH is None: a request may have a body of any size.",
            "Set the number of bytes of the largest body that the application expects.",
        )


def _process_state(config: Mapping[str, object]) -> Iterator[Finding]:
    for key, value in sorted(config.items()):
        if isinstance(value, str) and _IN_MEMORY.fullmatch(value):
            yield warning(
                "production",
                f"{key} is {value!r}: each process has its own, and loses it when it ends.",
                "Use a server or a file that all processes share.",
            )
