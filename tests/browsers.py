"""Chromium, for tests that need a real browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Without these Chromium asks other hosts for updates and the like.
ARGUMENTS = ["background-networking", "component-update", "quic", "sync"]


def skip(reason: str) -> NoReturn:
    """Skip the test; where `make browser` has run, as in CI, the browser must be there."""
    if os.environ.get("BROWSER_TESTS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start Chromium, without a window, for a `with` block."""
    if importlib.util.find_spec("playwright") is None or CHROMIUM is None:
        skip("needs Playwright and Chromium: run `make browser`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = [f"--disable-{feature}" for feature in ARGUMENTS]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()
