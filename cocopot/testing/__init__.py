"""What tests of applications and plugins need."""

from __future__ import annotations

from cocopot.testing.client import Client, CliRunner, EnvironBuilder

__all__ = ["CliRunner", "Client", "EnvironBuilder"]
