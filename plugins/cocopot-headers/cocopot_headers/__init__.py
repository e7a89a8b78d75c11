"""Security headers: a Content-Security-Policy to which plugins add, HTTPS, and trusted proxies."""

from __future__ import annotations

from cocopot_headers.hooks import HeadersHooks
from cocopot_headers.plugin import SecurityHeaders
from cocopot_headers.policy import Policy

__all__ = ["HeadersHooks", "Policy", "SecurityHeaders"]
