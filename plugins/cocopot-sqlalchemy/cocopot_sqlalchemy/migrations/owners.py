"""What has tables and migrations: each plugin that provides them, and the application."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import MetaData

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cocopot import Cocopot, PluginError

#: The name of the application among the owners; a plugin cannot have it.
APPLICATION: Final = ""
_LABEL = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_RESERVED: Final = frozenset({"base", "head", "heads", "current"})
_METADATA: Final = "sqlalchemy_metadata"
_MIGRATIONS: Final = "sqlalchemy_migrations"


@dataclass(frozen=True, slots=True)
class Owner:
    """What has tables and migrations.

    Args:
        name: The name of the plugin; empty for the application.
        prefix: What the names of its tables begin with; empty for the application.
        distribution: Name of its distribution; empty if it has none.
        version: Version of its distribution; empty if it has none.
        metadata: Its tables.
        folder: Its migrations; `None` if it has none.
        label: The label of its branch; empty for the application.
        requires: The plugins that it requires.
    """

    name: str
    prefix: str = ""
    distribution: str = ""
    version: str = ""
    metadata: tuple[MetaData, ...] = ()
    folder: Path | None = None
    label: str = ""
    requires: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The owner in a sentence."""
        return title_of(self.name, self.distribution, self.version)

    @property
    def subject(self) -> str:
        """The owner at the beginning of a sentence."""
        return self.title[0].upper() + self.title[1:]

    def has_prefix(self, table: str) -> bool:
        """Whether the name of a table carries the prefix of the plugin."""
        return is_prefixed(table, self.prefix)


def title_of(name: str, distribution: str = "", version: str = "") -> str:
    """Return the name of an owner for a sentence."""
    if name == APPLICATION:
        return "the application"
    return f"plugin {name!r}{f' ({distribution} {version})' if distribution else ''}"


def prefix_of(name: str) -> str:
    """Return what the names of a plugin's tables begin with, before `_`."""
    return re.sub(r"[\W_]+", "_", name).strip("_").lower()


def is_prefixed(table: str, prefix: str) -> bool:
    """Whether the name of a table is a prefix, or begins with it and `_`."""
    return bool(prefix) and (table.lower() == prefix or table.lower().startswith(f"{prefix}_"))


def collect_owners(app: Cocopot) -> list[Owner]:
    """Return the plugins that have tables or migrations, in load order, then the application.

    Args:
        app: The application.

    Raises:
        PluginError: A plugin returned what cannot be used, or two of them the same; the message names them.
    """
    found: dict[str, Owner] = {}
    for name, metadata in _results(app, _METADATA):
        found[name] = replace(_owner(app, found, name), metadata=(metadata,))
    for name, value in _results(app, _MIGRATIONS):
        folder, label = _checked_migrations(app, name, value)
        found[name] = replace(_owner(app, found, name), folder=folder, label=label)
    order = [record.name for record in app.plugins.records("plugin")]
    owners = sorted(found.values(), key=lambda owner: order.index(owner.name))
    _check_twice(app, owners)
    return [*owners, _application(app)]


def _owner(app: Cocopot, found: Mapping[str, Owner], name: str) -> Owner:
    if name in found:
        return found[name]
    record = app.plugins.records_by_name[name]
    requires = tuple(needed.name for needed in record.candidate.declared(record.plugin, "requires"))
    return Owner(name, prefix_of(name), record.distribution, record.version, requires=requires)


def _results(app: Cocopot, hook: str) -> Iterator[tuple[str, Any]]:
    """Yield what each plugin returns, with its name."""
    impls = app.plugins.call_order(hook)
    wrappers = [impl for impl in impls if impl.wrapper or impl.hookwrapper]
    for impl in impls:
        if impl not in wrappers:
            for value in app.plugins.call_implementations(hook, [impl, *wrappers], app=app):
                yield impl.plugin_name, value


def _checked_migrations(app: Cocopot, name: str, value: tuple[Any, ...]) -> tuple[Path, str]:
    if len(value) == 2 and isinstance(value[0], (str, Path)) and isinstance(value[1], str):
        folder, label = Path(value[0]), value[1]
        if not folder.is_absolute() or not folder.is_dir():
            problem = f"returned the folder {str(folder)!r} of its migrations, which is not an existing one."
            cure = (
                'Return the absolute path of a folder of the package, Path(__file__).parent / "migrations".'
            )
            raise plugin_error(app, name, problem, cure, _MIGRATIONS)
        if _LABEL.fullmatch(label) and label not in _RESERVED:
            return folder.resolve(), label
        problem = f"returned {label!r}, which cannot be the label of a branch."
        cure = (
            f"Return letters, digits, '_' and '.', such as {prefix_of(name)!r}; Alembic reserves other ones."
        )
        raise plugin_error(app, name, problem, cure, _MIGRATIONS)
    problem = f"returned {value!r}, which is not a folder and a label."
    raise plugin_error(
        app, name, problem, 'Return (Path(__file__).parent / "migrations", "NAME").', _MIGRATIONS
    )


def _check_twice(app: Cocopot, owners: Sequence[Owner]) -> None:
    """Reject a label, or a folder, that two plugins have."""
    seen: dict[object, Owner] = {}
    for owner in owners:
        for what, value in (("label", owner.label), ("folder", owner.folder), ("table prefix", owner.prefix)):
            if value and (other := seen.setdefault((what, value), owner)) is not owner:
                problem = f"has the {what} {str(value)!r} for its migrations, which {other.title} has, too."
                raise plugin_error(app, owner.name, problem, "One of them needs another one.", _MIGRATIONS)


def plugin_error(app: Cocopot, name: str, problem: str, cure: str, hook: str) -> PluginError:
    """Return an error about what a plugin returned from a hook.

    Args:
        app: The application.
        name: The name of the plugin.
        problem: What is wrong, as a predicate.
        cure: How to mend it.
        hook: The hook.
    """
    impl = next((impl for impl in app.plugins.call_order(hook) if impl.plugin_name == name), None)
    blame = None if impl is None else app.plugins.culprit(impl, hook)
    return app.plugins.records_by_name[name].candidate.error(
        problem, reason="conflict", hook=hook, place=None if blame is None else blame.place, cure=cure
    )


# -------------------------------------------------------------------------
# The application
# -------------------------------------------------------------------------


def _application(app: Cocopot) -> Owner:
    folder = versions_folder(app)
    return Owner(APPLICATION, metadata=_application_metadata(app), folder=folder if folder.is_dir() else None)


def migrations_folder(app: Cocopot) -> Path:
    """Return the folder that `cocopot db init` creates."""
    return Path(app.root_path, app.config["SQLALCHEMY_MIGRATIONS_FOLDER"])


def versions_folder(app: Cocopot) -> Path:
    """Return the folder with the application's revisions."""
    return (migrations_folder(app) / "versions").resolve()


def _application_metadata(app: Cocopot) -> tuple[MetaData, ...]:
    key = "SQLALCHEMY_METADATA"
    found = [_metadata_in(app, key, each) for each in _several(app.config[key])]
    return tuple({id(metadata): metadata for metadata in found}.values())


def _several(value: object) -> Iterable[object]:
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)


def _metadata_in(app: Cocopot, key: str, value: object) -> MetaData:
    """Return the metadata of a value of the configuration: of a base class, or of what a text names.

    Raises:
        PluginError: It is not one.
    """
    target = value
    if isinstance(value, str):
        module, _, attribute = value.partition(":")
        try:
            target = importlib.import_module(module)
            for part in attribute.split("."):
                target = getattr(target, part)
        except (ImportError, AttributeError, ValueError) as error:
            raise _invalid(app, key, f"{type(error).__name__}: {error}") from error
    metadata = target if isinstance(target, MetaData) else getattr(target, "metadata", None)
    if isinstance(metadata, MetaData):
        return metadata
    raise _invalid(app, key, "It has no metadata")


def _invalid(app: Cocopot, key: str, problem: str) -> PluginError:
    return app.config.invalid_value(
        key,
        f"{problem}. Give the base class of the models, its metadata, or a text such as 'shop.models:Base'; "
        "or a list of them.",
    )
