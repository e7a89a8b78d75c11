"""The hook that other plugins can implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookspec

if TYPE_CHECKING:
    from cocopot import Cocopot, Request
    from cocopot_headers.policy import Policy


class HeadersHooks:
    """The hooks of cocopot-headers."""

    @hookspec(order="in", since="1.0")
    def headers_csp(self, app: Cocopot, request: Request, policy: Policy) -> None:
        """Add sources to the Content-Security-Policy of a response.

        Fires for each response that gets a policy, after the after-request hooks. A plugin with scripts or
        styles of its own in pages needs no source for them: it gives them the nonce, `request.csp_nonce`.

        Args:
            app: The application.
            request: The request.
            policy: The policy of this response, which is changed in place with `policy.add`.

        A return value is ignored. All implementations run. An exception goes to the error handling of the
        request, with the name of the plugin; the response to it has the policy without additions.
        """
