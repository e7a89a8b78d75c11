"""Werkzeug's HTTP exceptions, re-exported, and the errors that concern plugins."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from werkzeug.exceptions import (
    BadGateway,
    BadHost,
    BadRequest,
    BadRequestKeyError,
    ClientDisconnected,
    Conflict,
    ExpectationFailed,
    FailedDependency,
    Forbidden,
    GatewayTimeout,
    Gone,
    HTTPException,
    HTTPVersionNotSupported,
    ImATeapot,
    InternalServerError,
    LengthRequired,
    Locked,
    MethodNotAllowed,
    MisdirectedRequest,
    NotAcceptable,
    NotFound,
    NotImplemented,  # noqa: A004 - the name of status 501 in Werkzeug
    PreconditionFailed,
    PreconditionRequired,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    RequestTimeout,
    RequestURITooLarge,
    SecurityError,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnavailableForLegalReasons,
    UnprocessableEntity,
    UnsupportedMediaType,
    abort,
)
from werkzeug.routing import BuildError, RequestRedirect, RoutingException

from cocopot.locations import SourceLocation, at_place, locate, message_of
from cocopot.option_errors import RouteOptionError, RouteOptionFault

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BadGateway",
    "BadHost",
    "BadRequest",
    "BadRequestKeyError",
    "Blame",
    "BuildError",
    "ClientDisconnected",
    "ConfigError",
    "ConfigFault",
    "Conflict",
    "ExpectationFailed",
    "FailedDependency",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "HTTPException",
    "HTTPVersionNotSupported",
    "ImATeapot",
    "InternalServerError",
    "LengthRequired",
    "Locked",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "NotAcceptable",
    "NotFound",
    "NotImplemented",
    "PluginError",
    "PluginErrorReason",
    "PreconditionFailed",
    "PreconditionRequired",
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestRedirect",
    "RequestTimeout",
    "RequestURITooLarge",
    "RequestedRangeNotSatisfiable",
    "RouteOptionError",
    "RouteOptionFault",
    "RoutingException",
    "SecurityError",
    "ServiceUnavailable",
    "SourceLocation",
    "TooManyRequests",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "abort",
    "blame_of",
    "locate",
    "message_of",
]


class ConfigFault(NamedTuple):
    """An invalid value of the configuration.

    Args:
        key: The configuration key.
        value: The value, as text; the value of a secret is not part of it.
        origin: What has set it, such as `"environment COCOPOT_DEBUG"` or `"code app.py:4"`.
        requirement: What a valid value is.
    """

    key: str
    value: str
    origin: str
    requirement: str

    def __str__(self) -> str:
        return f"{self.key} = {self.value} ({self.origin}): it {self.requirement}."


class ConfigError(ValueError):
    """Keys of the core have invalid values: raised at startup, and later where such a value is set.

    Args:
        faults: Every invalid value.
    """

    def __init__(self, faults: Sequence[ConfigFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """Return a line for each fault."""
        return "\n  ".join(["The configuration has invalid values:", *map(str, self.faults)])


#: What kind of fault a `PluginError` is about; the documentation of each is in the class.
PluginErrorReason = Literal[
    "async",
    "config",
    "conflict",
    "cycle",
    "declaration",
    "duplicate",
    "generator",
    "import",
    "lock",
    "metadata",
    "not-installed",
    "other",
    "register",
    "requirement",
    "setup",
    "signature",
    "startup",
    "type",
    "unknown-hook",
    "unmarked",
    "version",
]


class PluginError(Exception):
    """A plugin cannot be used: it is missing, fails to import, breaks the hook contract, or clashes.

    The text of the error is composed of its fields: the subject and the problem, then the place, then the
    cure. A plugin that raises one itself passes the problem, as a whole sentence; plugin, distribution,
    version, entry point, hook, place and cure are set when the error leaves the plugin, if it has none.

    The reasons are:

    - `"import"`: the module cannot be imported, or the class cannot be instantiated
    - `"type"`: the entry point is a value that cannot have hooks
    - `"metadata"`: the entry points of a distribution cannot be read
    - `"not-installed"`: a plugin was requested by name, and is not installed
    - `"duplicate"`: several distributions have a plugin of one name, or one plugin is there twice
    - `"declaration"`: `requires`, `after` or `before` is not a tuple of names, or its own name cannot be used
    - `"requirement"`: a plugin that is required is not installed, not selected, or failed
    - `"version"`: it requires another version of Cocopot or of a plugin, or was deprecated and is removed
    - `"lock"`: it is not in the lock of the application, or differs from it, or the lock cannot be read
    - `"cycle"`: the declared order of plugins is a cycle
    - `"unknown-hook"`: the hook that it implements has no specification
    - `"unmarked"`: a function has the name of a hook, and is not marked as an implementation
    - `"signature"`: an implementation does not fit the specification of its hook
    - `"async"`: an implementation is a coroutine function
    - `"generator"`: an implementation has a `yield` and is not a wrapper
    - `"register"`: it raised an exception while it was registered
    - `"config"`: its `cocopot_config_defaults` raised, or has an invalid key or one of another plugin
    - `"setup"`: its `cocopot_setup` raised
    - `"conflict"`: it registers what another plugin has registered, such as a key of `app.extensions`
    - `"startup"`: its `cocopot_startup` raised, in a server or a command that starts the application
    - `"other"`: any other problem, such as an error that a plugin raises itself

    Args:
        problem: What is wrong, without place and cure.
        subject: What the problem is about, such as `"Plugin 'cors' (cocopot-cors 1.0, cocopot_cors)"`, if the
            problem is a predicate and not a whole sentence.
        plugin: The plugin's entry-point name, or `None` when no single plugin is at fault.
        distribution: Name of the distribution that the plugin comes from, if it is known.
        version: Version of that distribution, if it is known.
        entry_point: The entry point's value, such as `"cocopot_cors:plugin"`, if there is one.
        hook: The hook that is concerned, if there is one.
        place: Where in the source the fault is, if it is known.
        cure: What to do about it.
        reason: What kind of fault it is.
    """

    def __init__(
        self,
        problem: str,
        *,
        subject: str = "",
        plugin: str | None = None,
        distribution: str | None = None,
        version: str | None = None,
        entry_point: str | None = None,
        hook: str | None = None,
        place: SourceLocation | None = None,
        cure: str = "",
        reason: PluginErrorReason = "other",
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.subject = subject
        self.plugin = plugin
        self.distribution = distribution
        self.version = version
        self.entry_point = entry_point
        self.hook = hook
        self.place = place
        self.cure = cure
        self.reason: PluginErrorReason = reason
        #: The plugin that raised the error itself without naming a plugin, as the beginning of a sentence.
        self.raised_by = ""

    @property
    def summary(self) -> str:
        """What is wrong with which plugin, without place and cure."""
        text = f"{self.subject} {self.problem}" if self.subject else self.problem
        return f"{self.raised_by}: {text}" if self.raised_by else text

    def __str__(self) -> str:
        """Return subject and problem, the place with its line of source, and the cure."""
        text = self.summary + at_place(self.place)
        if self.cure:
            is_sentence = not self.subject and self.place is None
            text += f" {self.cure}" if is_sentence else f"\n{self.cure}"
        return text


class StartupTimeout(ServiceUnavailable):
    """The startup hooks, which run in another thread, have not finished in `STARTUP_TIMEOUT` seconds.

    A request that has waited for them is answered with it.
    """

    description = "The application is still starting. Try again later."


class Blame(NamedTuple):
    """The implementation of a hook that an exception left.

    Args:
        plugin: The name of the plugin, or for a function of the application the name under which it is
            registered, such as `"app.teardown_request: views.close"`.
        distribution: Name of the plugin's distribution; `None` if there is none.
        version: Version of that distribution; `None` if there is none.
        hook: The hook's name.
        place: Where the implementation is defined; `None` if it is unknown.
        origin: Whether a plugin registered it, or the application.
        action: Whether it raised the exception, or returned the value that the exception is about.
    """

    plugin: str
    distribution: str | None
    version: str | None
    hook: str
    place: SourceLocation | None
    origin: Literal["plugin", "application"] = "plugin"
    action: Literal["raised", "returned"] = "raised"

    def __str__(self) -> str:
        name = repr(self.plugin) if self.origin == "application" else f"plugin {self.plugin!r}"
        distribution = in_parentheses(self.distribution, self.version)
        return f"{self.action.capitalize()} by {name}{distribution} in hook {self.hook}."


def in_parentheses(distribution: str | None, version: str | None) -> str:
    """Return name and version of a distribution, to follow a plugin's name; empty if there is none."""
    return f" ({distribution} {version})" if distribution else ""


#: The most notes that an exception may have when one is added.
_MOST_NOTES = 100
#: The attribute of an exception that `add_blame` sets.
_BLAME = "_cocopot_blame"


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an exception, unless it takes none; a method that its class overrides is not called.

    One exception object may be raised in every request: it gets each note once, and not any number of notes.
    """
    with suppress(Exception):
        notes = getattr(error, "__notes__", ())
        if note not in notes and len(notes) < _MOST_NOTES:
            BaseException.add_note(error, note)


def add_blame(error: BaseException, blame: Blame) -> None:
    """Note on an exception which implementation it left, once, as an object and as text for tracebacks.

    It raises nothing: an exception that takes no attribute, or no note, is raised further without it. Methods
    that its class overrides are not called.
    """
    with suppress(Exception):
        previous = blame_of(error)
        if blame not in previous:
            BaseException.__setattr__(error, _BLAME, (*previous, blame))
    with suppress(Exception):
        add_note(error, str(blame))


def forget_blame(error: BaseException) -> None:
    """Remove what `add_blame` has noted on an exception that has been handled; another plugin may raise it.

    Args:
        error: The exception.
    """
    try:  # faster than `suppress` and `blame_of`: it runs for every exception that is handled
        if blame := error.__dict__.get(_BLAME):
            BaseException.__delattr__(error, _BLAME)
            added, notes = set(map(str, blame)), error.__notes__
            notes[:] = [note for note in notes if note not in added]
    except Exception:  # noqa: BLE001, S110 - whatever its attributes raise
        pass


def blame_of(error: BaseException) -> tuple[Blame, ...]:
    """Return the implementations of hooks that an exception left, innermost first.

    Args:
        error: An exception that was raised in a request, by the command line, or by `app.plugins`.

    Returns:
        One item for each plugin and hook; empty if it did not leave any, and after a request has handled it.
        An exception that left a hook of which every implementation runs is part of an `ExceptionGroup`, and
        has its own blame.
    """
    try:
        blame: tuple[Blame, ...] = BaseException.__getattribute__(error, _BLAME)
    except AttributeError:
        return ()
    return blame


def notes_of(error: BaseException) -> tuple[str, ...]:
    """Return the notes of an exception (PEP 678) that are texts; none if they cannot be read."""
    try:
        notes: object = error.__notes__
    except Exception:  # noqa: BLE001 - whatever a property raises; usually an AttributeError
        return ()
    return tuple(note for note in notes if isinstance(note, str)) if isinstance(notes, (list, tuple)) else ()
