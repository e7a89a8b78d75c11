"""Blueprint scope: the blueprints that an endpoint, a hook call or a path belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot.app import Cocopot
    from cocopot.request import Request

#: Full name of a blueprint, or `None` for the whole application.
Scope: TypeAlias = str | None


def blueprints_of(endpoint: str | None) -> list[str]:
    """Return the names of the blueprints that an endpoint belongs to, innermost first."""
    names = []
    name = (endpoint or "").rpartition(".")[0]
    while name:
        names.append(name)
        name = name.rpartition(".")[0]
    return names


def blueprints_of_call(arguments: Mapping[str, object]) -> list[str]:
    """Return the blueprints that a hook call concerns, innermost first.

    Args:
        arguments: The arguments of the call by name: `request` decides, or else `endpoint`.
    """
    request = arguments.get("request")
    endpoint = arguments.get("endpoint") if request is None else getattr(request, "endpoint", None)
    return blueprints_of(endpoint if isinstance(endpoint, str) else None)


def blueprints_for_errors(app: Cocopot, request: Request) -> list[str]:
    """Return the blueprints whose error handlers may handle an exception of a request, innermost first.

    A request without a matching rule belongs to the blueprint with the longest matching URL prefix.
    """
    if request.url_rule is not None:
        return blueprints_of(request.url_rule.endpoint)
    if not app.blueprint_prefixes:
        return []
    try:
        path = request.path
    except Exception:  # noqa: BLE001 - the error that is handled, most often
        return []
    return blueprints_at(app.blueprint_prefixes, path)


def blueprints_at(prefixes: Mapping[str, str], path: str) -> list[str]:
    """Return the blueprint with the longest prefix of `path`, and those that contain it.

    Of prefixes with equal length the one without variables counts, then the one that was registered first: a
    blueprint before its nested ones.

    Args:
        prefixes: The URL prefixes by blueprint name.
        path: The path of a URL.
    """
    segments = path.split("/")
    best, rank = "", (1, 0)
    for name, prefix in prefixes.items():
        parts = prefix.rstrip("/").split("/")
        own_rank = (len(parts), sum("<" not in part for part in parts))
        if len(parts) > 1 and own_rank > rank and _starts_with(segments, parts):
            best, rank = name, own_rank
    return blueprints_of(f"{best}.") if best else []


def _starts_with(segments: list[str], prefix: list[str]) -> bool:
    return len(segments) >= len(prefix) and all(
        part == segment or "<" in part for part, segment in zip(prefix, segments, strict=False)
    )
