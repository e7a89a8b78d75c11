"""Default behaviour, each a small plugin that runs after all others."""

from __future__ import annotations

from cocopot.pipeline.defaults import coroutines, dispatch, errors, json_provider, responses, sessions, static

#: What every application registers, by name.
BUILTINS = {
    "builtin.dispatch": dispatch,
    "builtin.responses": responses,
    "builtin.errors": errors,
    "builtin.static": static,
    "builtin.sessions": sessions,
    "builtin.json_provider": json_provider,
    "builtin.coroutines": coroutines,
}

__all__ = ["BUILTINS"]
