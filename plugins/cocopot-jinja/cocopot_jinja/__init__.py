"""Jinja templates for Cocopot: the engine behind `cocopot.render_template`, with slots and fragments."""

from __future__ import annotations

from cocopot_jinja.blocks import BlockNotFoundError, render_block, render_markup
from cocopot_jinja.environment import Environment, Template, create_environment, environment_of
from cocopot_jinja.hooks import JinjaHooks
from cocopot_jinja.loader import SearchPath, select_autoescape
from cocopot_jinja.plugin import Jinja

__all__ = [
    "BlockNotFoundError",
    "Environment",
    "Jinja",
    "JinjaHooks",
    "SearchPath",
    "Template",
    "create_environment",
    "environment_of",
    "render_block",
    "render_markup",
    "select_autoescape",
]
