"""The configuration keys of plugins: which plugin declares each, and the check of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.exceptions import PluginError
from cocopot.origins import TracedDict
from cocopot.suggestions import close_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cocopot.types import KeyCheck


class PluginKeys(TracedDict):
    """A dict that records which plugin declares a key, and checks the keys of a plugin.

    Args:
        values: The first keys and values, recorded as the core's defaults.
    """

    def __init__(self, values: Mapping[str, object] | Iterable[tuple[str, object]] = ()) -> None:
        super().__init__(values)
        #: The keys that plugins have declared with `cocopot_config_defaults`, each with the plugin's name.
        self.declared: dict[str, str] = {}

    def check_plugin_keys(
        self,
        prefix: str,
        checks: Mapping[str, KeyCheck] | None = None,
        *,
        replaced: Mapping[str, str] | None = None,
    ) -> None:
        """Check the configuration of a plugin, which calls it in its `cocopot_startup`.

        A key that begins with the prefix, and that no plugin has declared with `cocopot_config_defaults`, is
        an error: without one, the default would apply in place of the value of a misspelled key.

        Example:
            >>> from cocopot import Config
            >>> config = Config("/srv/shop", {"MAIL_PORT": 25})
            >>> config.declared["MAIL_PORT"] = "mail"  # Cocopot does it, for `cocopot_config_defaults`
            >>> checks = {"MAIL_PORT": (lambda value: isinstance(value, int), "Give the number of a port.")}
            >>> config.check_plugin_keys("MAIL_", checks)

        Args:
            prefix: The beginning of the plugin's keys, such as `"MAIL_"`.
            checks: For keys that are set: a function that returns whether a value is valid, and a sentence
                with what to give in place of an invalid one.
            replaced: For keys that are not declared, but that another framework or an earlier version has: a
                sentence with what to do in place of setting it.

        Raises:
            PluginError: A key is unknown, with the nearest one, or has an invalid value. The message names
                the key, where it was set, and the cure.
        """
        for key in self:
            if str(key).startswith(prefix) and key not in self.declared:
                raise self._unknown_key(key, prefix, (replaced or {}).get(key))
        for key, (is_valid, cure) in (checks or {}).items():
            if not is_valid(self[key]):
                raise self.invalid_value(key, cure)

    def invalid_value(self, key: str, cure: str, *, shown: str | None = None) -> PluginError:
        """Return the error for an invalid value of a plugin's key, with where it was set.

        Args:
            key: The key.
            cure: A sentence with what to give in place of the value.
            shown: The value as the message shows it; its `repr` by default. Pass a text for what may contain
                a password.
        """
        value = repr(self[key]) if shown is None else shown
        return self._error(key, f"{key} is {value} (set by {self.origin(key)}).", cure)

    def _unknown_key(self, key: str, prefix: str, cure: str | None) -> PluginError:
        """Return the error for a key that is not declared; its value may be a password, and is not shown."""
        known = {name.removeprefix(prefix): name for name in self.declared if name.startswith(prefix)}
        if cure is None:
            close = close_name(key.removeprefix(prefix), known)
            hint = "" if close is None else f"Did you mean {known[close]!r}? "
            cure = f"{hint}The keys are: {', '.join(known.values()) or 'none'}."
        problem = f"there is no key {key} (set by {self.origin(key)})."
        return self._error(next(iter(known.values()), key), problem, cure)

    def _error(self, key: str, problem: str, cure: str) -> PluginError:
        plugin = self.declared.get(key)
        owner = "" if plugin is None else f" of plugin {plugin!r}"
        return PluginError(
            f"The configuration{owner} is invalid: {problem}",
            plugin=plugin,
            hook="cocopot_startup",
            cure=cure,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "declared": dict(state["declared"])})

    def snapshot(self) -> Callable[[], None]:
        """Return a function that rolls back to the current state."""
        restore_values, declared = super().snapshot(), dict(self.declared)

        def restore() -> None:
            restore_values()
            self.declared = declared

        return restore
