"""The hooks that other plugins can implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookspec

if TYPE_CHECKING:
    from collections.abc import Collection

    from cocopot import Cocopot, Request
    from cocopot_csrf.verification import Reason


class CSRFHooks:
    """The hooks of cocopot-csrf."""

    @hookspec(order="in", result_type="collections.abc:Collection", since="1.0")
    def csrf_trusted_origins(self, app: Cocopot, request: Request) -> Collection[str] | None:
        """Name origins whose pages may send requests that change something.

        Fires for a request that would be rejected, and only then. All results are used, with those of
        CSRF_TRUSTED_ORIGINS.

        Args:
            app: The application.
            request: The request.

        Returns:
            Origins such as `"https://shop.example"`, or `None`.

        Exceptions go to the error handling of the request, which is not accepted.
        """

    @hookspec(order="in", every=True, since="1.0")
    def csrf_rejected(self, app: Cocopot, request: Request, reason: Reason) -> None:
        """Observe that a request is rejected, for example to count it.

        Args:
            app: The application.
            request: The request.
            reason: Why; its value is a text, such as `"cross-site"`.

        A return value is ignored. All run, also after an exception.
        """
