"""Imports the module `application` of the working directory, and prints as JSON what became of it."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from cocopot import PluginError


def describe(error: PluginError) -> dict[str, Any]:
    """Return what an error states, in words and in its attributes."""
    return {"message": str(error), "cause": type(error.__cause__).__name__, **vars(error)}


def main() -> None:
    sys.path.insert(0, "")
    outcome: dict[str, Any] = {"plugins": [], "result": None}
    try:
        application = importlib.import_module("application")
    except PluginError as error:
        outcome["error"] = describe(error)
    else:
        records = application.app.plugins.records("plugin")
        outcome["plugins"] = [[record.name, record.distribution, record.version] for record in records]
        outcome["result"] = getattr(application, "result", None)
    print(json.dumps(outcome, default=str))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main()
