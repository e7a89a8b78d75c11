"""The fixtures of all tests of the plugin; their module is importable by name."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from session_fixtures import make_app, store, stored_app, with_store

__all__ = ["make_app", "store", "stored_app", "with_store"]
