"""Valid directives and sources of a Content-Security-Policy (CSP Level 3, section 2.3)."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: In a directive, it is replaced by the nonce of a request that has one, and otherwise omitted.
NONCE: Final = "'nonce'"

#: The directives that restrict what is fetched, with the one that a browser uses if they are missing.
FALLBACKS: Final[Mapping[str, str]] = {
    "child-src": "default-src",
    "connect-src": "default-src",
    "font-src": "default-src",
    "frame-src": "child-src",
    "img-src": "default-src",
    "manifest-src": "default-src",
    "media-src": "default-src",
    "object-src": "default-src",
    "script-src": "default-src",
    "script-src-attr": "script-src",
    "script-src-elem": "script-src",
    "style-src": "default-src",
    "style-src-attr": "style-src",
    "style-src-elem": "style-src",
    "worker-src": "child-src",
}
#: All directives that a policy can have. Those of reports are set by the configuration.
DIRECTIVES: Final = frozenset(
    {
        *FALLBACKS,
        *("default-src", "base-uri", "form-action", "frame-ancestors", "sandbox"),
        *("require-trusted-types-for", "trusted-types", "upgrade-insecure-requests"),
    }
)
_KEYWORDS: Final = frozenset(
    {
        *("self", "none", "nonce", "strict-dynamic", "report-sample", "script", "allow-duplicates"),
        *("unsafe-inline", "unsafe-eval", "unsafe-hashes", "wasm-unsafe-eval", "inline-speculation-rules"),
    }
)
# Visible ASCII without what separates sources, directives and policies.
_SOURCE = re.compile(r"[!-+\--:<-~]+")
_HASH = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'")


def check_directive(name: object) -> str:
    """Return the name of a directive.

    Raises:
        ValueError: It is not one; the message has the nearest one.
    """
    if isinstance(name, str) and name in DIRECTIVES:
        return name
    if name in {"report-uri", "report-to"}:
        raise ValueError(f"{name!r} is set by HEADERS_CSP_REPORT.")
    close = difflib.get_close_matches(str(name).lower().replace("_", "-"), DIRECTIVES, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{name!r} is not a directive of a Content-Security-Policy.{hint}")


def check_source(source: object) -> str:
    """Return a source.

    Raises:
        ValueError: It is not one, or would end the directive or the header.
    """
    if not isinstance(source, str):
        raise ValueError(f"{source!r} is not a source: give a str.")  # noqa: TRY004 - as for any other one
    _check_text(source)
    return source


@lru_cache(maxsize=256)
def _check_text(source: str) -> None:
    if not _SOURCE.fullmatch(source):
        raise ValueError(
            f"{source!r} is not a source: it must be visible ASCII characters without ',' and ';'. "
            "Give one source each, such as 'https://cdn.example'; percent-encode a path, and write a host in "
            "Punycode."
        )
    if source in _KEYWORDS - {"script"}:
        raise ValueError(f"{source!r} would be the name of a host: write it in single quotes, too.")
    if source.startswith("'nonce-"):
        raise ValueError(f'A nonce is never constant: write "{NONCE}", and read request.csp_nonce.')
    if "'" in source and not is_hash(source) and not (source[1:-1] in _KEYWORDS and source[0] == source[-1]):
        raise ValueError(f"{source} is neither a keyword in single quotes, such as 'self', nor a hash.")


def is_hash(source: str) -> bool:
    """Return whether a source is the hash of a script or a style."""
    return _HASH.fullmatch(source) is not None
