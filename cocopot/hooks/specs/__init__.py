"""The hook contract: every hook of Cocopot, in the order in which an application calls them.

An implementation is a function with the hook's name, marked with `cocopot.hookimpl`. It may omit arguments
that it does not need. Each docstring states when the hook fires, its arguments, what a return value does, the
order, what an exception does, and what may be changed in place. `make docs` makes `docs/hooks.md` from them.

Every entry uses these terms:

- **in** order: plugins in load order, then the application's functions (first registered first), then the
  built-in default. A plugin that another one requires is loaded earlier, so it runs earlier.
- **out** order: the application's functions (last registered first), then plugins in reverse load order,
  then the built-in default.
- `tryfirst` and `trylast` have precedence over that order. Wrappers run around all other implementations; in
  hooks of both orders the wrapper that was loaded first is outermost: it enters first and leaves last.

Unless an entry states otherwise, an exception stops the implementations that have not run yet and goes to the
error handling of the request. It carries a note with the plugin, its distribution, version and hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.specs.application import (
    cocopot_addhooks,
    cocopot_check,
    cocopot_config_defaults,
    cocopot_inventory,
    cocopot_json_provider,
    cocopot_register_commands,
    cocopot_run_coroutine,
    cocopot_setup,
    cocopot_shell_context,
    cocopot_shutdown,
    cocopot_startup,
    cocopot_wsgi,
)
from cocopot.hooks.specs.errors import (
    cocopot_got_request_exception,
    cocopot_handle_exception,
)
from cocopot.hooks.specs.requests import (
    cocopot_before_request,
    cocopot_dispatch_request,
    cocopot_request_started,
    cocopot_teardown_app_context,
    cocopot_teardown_request,
    cocopot_url_value_preprocessor,
)
from cocopot.hooks.specs.responses import (
    cocopot_after_request,
    cocopot_make_response,
    cocopot_response_closed,
)
from cocopot.hooks.specs.sessions import (
    cocopot_message_flashed,
    cocopot_open_session,
    cocopot_save_session,
)
from cocopot.hooks.specs.templates import (
    cocopot_template_context,
    cocopot_template_engine,
    cocopot_template_rendered,
)
from cocopot.hooks.specs.urls import (
    cocopot_url_build_error,
    cocopot_url_defaults,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: Every hook, in the order in which an application calls them.
CONTRACT: tuple[Callable[..., object], ...] = (
    # Application set-up
    cocopot_addhooks,
    cocopot_config_defaults,
    cocopot_setup,
    cocopot_register_commands,
    cocopot_shell_context,
    cocopot_startup,
    cocopot_wsgi,
    cocopot_shutdown,
    cocopot_check,
    cocopot_inventory,
    # A request, from top to bottom
    cocopot_request_started,
    cocopot_url_value_preprocessor,
    cocopot_open_session,
    cocopot_before_request,
    cocopot_dispatch_request,
    cocopot_template_engine,
    cocopot_template_context,
    cocopot_template_rendered,
    cocopot_message_flashed,
    cocopot_make_response,
    cocopot_after_request,
    cocopot_save_session,
    cocopot_handle_exception,
    cocopot_got_request_exception,
    cocopot_teardown_request,
    cocopot_teardown_app_context,
    cocopot_response_closed,
    # At any time
    cocopot_run_coroutine,
    cocopot_url_defaults,
    cocopot_url_build_error,
    cocopot_json_provider,
)
