"""Environment variables that look like configuration keys, and that nothing reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cocopot.cli.run import variables as run_variables
from cocopot.environment import PREFIX, VARIABLES
from cocopot.suggestions import close_name

if TYPE_CHECKING:
    from cocopot.config import Config


def unread_variables(config: Config) -> dict[str, tuple[str, str]]:
    """Return the environment variables that look like keys and that nothing has read.

    Args:
        config: The configuration of an application that has been created.

    Returns:
        By the variable's name, what is wrong and what to do, each as a sentence.
    """
    candidates = {name for name in os.environ if name.startswith(PREFIX)} - VARIABLES - run_variables()
    return {
        name: (f"The environment variable {name} is set, but nothing reads it.", _cure(name, config))
        for name in sorted(candidates - config.variables_read)
    }


def _cure(variable: str, config: Config) -> str:
    name = variable.removeprefix(PREFIX).partition("__")[0]
    if not name.isupper():
        return f"Keys are in upper case: did you mean {PREFIX}{name.upper()}?"
    close = close_name(name, [own.removeprefix(PREFIX) for own in VARIABLES])
    if close is not None and name not in config:
        return f"Did you mean {PREFIX}{close}?"
    return "Call app.config.from_prefixed_env() where the application is created, or unset it."
