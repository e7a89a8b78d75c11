"""What is computed at startup, and what a response gets from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cocopot_headers.options import directives_of, https_headers, static_headers
from cocopot_headers.policy import Policy, RoutePolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Config, Request, Response
    from cocopot_headers.policy import Directives

    Header = tuple[str, str]

#: The media types of pages, whose bodies contain nonces.
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
# The headers of nearly every response, in the usual spelling.
_USUAL: Final = frozenset({"Content-Type", "Content-Length"})


class State:
    """The headers of an application.

    Args:
        config: The configuration, which is valid.
    """

    def __init__(self, config: Config) -> None:
        is_report_only = config["HEADERS_CSP_REPORT_ONLY"]
        self._name = f"Content-Security-Policy{'-Report-Only' if is_report_only else ''}"
        self._frame_options: str | None = config["HEADERS_FRAME_OPTIONS"]
        report = config["HEADERS_CSP_REPORT"]
        # By whether the request is `https`. By plain HTTP browsers know no endpoint for `report-to`, and
        # would ignore `report-uri` because of it.
        uri = f"; report-uri {report}" if report else ""
        self._report = (uri, f"{uri}; report-to csp" if report else "")
        self.directives = directives_of(config)
        self._routes: dict[RoutePolicy, Directives] = {}
        #: The class of the policies that plugins add to.
        self.policy_class: Callable[[Directives], Policy] = Policy
        static = static_headers(config)
        #: The headers without those of the policy, by whether the request is `https`.
        self.static = (static, [*static, *https_headers(config)])
        policy = None if self.directives is None else Policy(self.directives)
        #: The headers of a response without a nonce and without sources that plugins add.
        self.complete = tuple(
            [*self.static[is_https], *self.policy_headers(policy, is_https=is_https)]
            for is_https in (False, True)
        )
        names = [*self.complete[1], (self._name, ""), ("X-Frame-Options", "")]
        #: The names of all headers, in lower case.
        self.names = frozenset(name.lower() for name, _ in names)
        #: Whether forwarded headers of a proxy have to be reported: none is trusted, and none has been.
        self.watches_proxies = not config["HEADERS_PROXIES"]

    def policy_headers(
        self,
        policy: Policy | None,
        nonce: str | None = None,
        *,
        is_https: bool = False,
        is_late: bool = False,
    ) -> list[Header]:
        """Return the headers of a policy: itself, and `X-Frame-Options` for browsers that know no other."""
        frames, headers = self._frame_options, []
        if policy is not None and (text := policy.render(nonce, is_late=is_late)):
            headers.append((self._name, text + self._report[is_https]))
        if frames == "auto":
            is_enforced = policy is not None and self._name == "Content-Security-Policy"
            frames = policy.frame_options() if policy is not None and is_enforced else "SAMEORIGIN"
        if frames is not None:
            headers.append(("X-Frame-Options", frames))
        return headers

    def new_policy(self, option: RoutePolicy | bool) -> Policy | None:
        """Return the policy of a response without what plugins add, or `None` if it has none.

        Args:
            option: The route option `csp`.
        """
        directives = self.directives
        if directives is None or option is False:
            return None
        if isinstance(option, RoutePolicy):
            found = self._routes.get(option)
            if found is None:
                found = self._routes[option] = option.apply(directives)
            directives = found
        return self.policy_class(directives)

    def nonce_of(self, request: Request, response: Response) -> tuple[str | None, bool]:
        """Return the nonce of a request, and whether it is read later if at all.

        A page that is streamed gets one, as its body may read it after the headers are sent.
        """
        nonce = vars(request).get("csp_nonce")
        if nonce is not None or response.is_sequence or response.direct_passthrough:
            return nonce, False
        if response.mimetype in _PAGES:
            return str(getattr(request, "csp_nonce")), True  # noqa: B009 - a property of this plugin
        return None, False


def add_missing(response: Response, headers: list[Header], names: frozenset[str]) -> None:
    """Add headers to a response, except those that it has.

    Args:
        response: The response.
        headers: The headers.
        names: The names of all headers that can be among them, in lower case.
    """
    own = response.headers
    for name, _ in own:
        if name not in _USUAL and name.lower() in names:
            present = {name.lower() for name, _ in own}
            own.extend([header for header in headers if header[0].lower() not in present])
            return
    own.extend(headers)
