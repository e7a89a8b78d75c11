"""Validation, trust and subdomains of hosts.

Every reader of a request's host, and every URL that is built from it, goes through `get_host`.

- A `Host` that is not one is a 400 (RFC 9112, 3.2): neither a name nor an IPv6 address in brackets, with an
  optional port (RFC 3986, 3.2.2). A name may have an underscore, and other characters that the RFC allows.
- Not valid either, although the grammar allows it: an empty host (RFC 9110, 4.2.1), an empty label, a label
  of more than 63 or a name of more than 255 characters (RFC 1035, 2.3.4), a port above 65535, and a comma,
  with which servers join several `Host` lines.
- Names are compared without regard to case and to a dot at the end; addresses by their value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from cocopot.exceptions import BadHost, BadRequest, SecurityError

if TYPE_CHECKING:
    from cocopot.types import WSGIEnvironment

#: In the environment of a request that no rule matched: the hosts to accept, as in TRUSTED_HOSTS.
UNMATCHED_TRUSTED_HOSTS = "cocopot.trusted_hosts"
#: The longest `Host`: a name of 255 characters, a colon and a port.
MAX_LENGTH = 261
_MAX_NAME = 255
_MAX_LABEL = 63
_MAX_PORT = 65535

_HOST = r"""(?aix)
    (?P<name>
        (?: [a-z0-9._~!$&'()*+;=-]++ | %[0-9a-f]{2} )+  # a name or an IPv4 address
    |
        \[ (?P<ipv6> [0-9a-f:.]+ ) \]
    )
    (?: : (?P<port> [0-9]* ) )?
    """
#: Nearly every one of up to `_MAX_NAME` characters; one that does not fit it may be valid too.
_COMMON_HOST = re.compile(
    r"[a-z0-9_-]{1,63}+ (?: \. [a-z0-9_-]{1,63}+ )*+ (?: : [0-9]{1,4} )?",
    flags=re.ASCII | re.IGNORECASE | re.VERBOSE,
)
#: What is in DNS: only such a name is a subdomain of a trusted one.
_DNS_NAME = re.compile(r"[a-z0-9._-]+", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}


class Host(NamedTuple):
    """A valid host.

    Args:
        name: The name or the address, as it was written.
        port: The port without leading zeros, or an empty text.
    """

    name: str
    port: str

    def without_default_port(self, scheme: str) -> str:
        """Return the host as it is in a URL: with its port unless that is the scheme's."""
        if not self.port or self.port == _DEFAULT_PORTS.get(scheme):
            return self.name
        return f"{self.name}:{self.port}"


def parse_host(text: str) -> Host | None:
    """Return a host with its port, or `None` if it is not valid.

    Args:
        text: What a `Host` header contains (RFC 9110, 7.2).
    """
    match = re.fullmatch(_HOST, text) if len(text) <= MAX_LENGTH else None
    if match is None:
        return None
    name, ipv6, port = match.groups()
    if port:
        port = port.lstrip("0") or "0"
        if int(port) > _MAX_PORT:
            return None
    is_valid = _is_name(name) if ipv6 is None else _is_ipv6(ipv6)
    return Host(name, port or "") if is_valid else None


def is_host(text: str) -> bool:
    """Return whether a text is a valid host, as `parse_host` decides, in less time.

    Args:
        text: What a `Host` header contains (RFC 9110, 7.2).
    """
    if len(text) <= _MAX_NAME and _COMMON_HOST.fullmatch(text) is not None:
        return True
    return parse_host(text) is not None


def _is_name(name: str) -> bool:
    if name[0] == "." or ".." in name or len(name) > _MAX_NAME:
        return False
    return len(name) <= _MAX_LABEL or max(map(len, name.split("."))) <= _MAX_LABEL


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def comparable(name: str) -> str:
    """Return the form of a valid name or address in which it can be compared with another one."""
    if name[0] == "[":
        return f"[{IPv6Address(name[1:-1])}]"
    return name.lower().removesuffix(".")


def get_host(
    scheme: str,
    header: str | None,
    server: tuple[str, int | None] | None,
    trusted_hosts: Collection[str] | None = None,
) -> str:
    """Return the host of a request, with its port unless that is the scheme's.

    Args:
        scheme: The scheme of the request.
        header: The `Host` header, or `None` if the server passes none (PEP 3333), as with HTTP/1.0.
        server: The server's address, which is used then. One without a port, such as a Unix socket, is
            `localhost`.
        trusted_hosts: The hosts to accept, as in TRUSTED_HOSTS; `None` for any.

    Raises:
        BadHost: The host is not valid.
        SecurityError: The host is not trusted.
    """
    host = parse_host(_address(server) if header is None else header)
    if host is None:
        raise BadHost("The Host of this request is not valid.")
    if trusted_hosts is not None and not is_trusted(host, trusted_hosts):
        raise SecurityError(f"Host {host.without_default_port(scheme)!r} is not trusted.")
    return host.without_default_port(scheme)


def host_of(environ: WSGIEnvironment) -> str:
    """Return the host of a WSGI environment, as `get_host` does, whether it is trusted or not.

    Args:
        environ: The WSGI environment.

    Raises:
        BadHost: The host is not valid.
    """
    header = sent_host(environ, environ.get("HTTP_HOST"))
    return get_host(environ["wsgi.url_scheme"], header, server_of(environ))


def is_acceptable(environ: WSGIEnvironment) -> bool:
    """Return whether a URL may be built from the host of an environment: it is valid, and trusted.

    That is known of a request that has been matched.

    Args:
        environ: The WSGI environment.
    """
    header = sent_host(environ, environ.get("HTTP_HOST"))
    trusted_hosts = environ.get(UNMATCHED_TRUSTED_HOSTS)
    try:
        get_host(environ["wsgi.url_scheme"], header, server_of(environ), trusted_hosts)
    except BadRequest:
        return False
    return True


def scheme_of(environ: WSGIEnvironment) -> str:
    """Return the scheme of a request, which is `ws` or `wss` for a WebSocket (RFC 6455, 4.1).

    Args:
        environ: The WSGI environment.
    """
    scheme: str = environ["wsgi.url_scheme"]
    if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
        return scheme
    tokens = environ.get("HTTP_CONNECTION", "").lower().split(",")
    is_upgrade = any(token.strip(" \t") == "upgrade" for token in tokens)
    return {"https": "wss"}.get(scheme, "ws") if is_upgrade else scheme


def sent_host(environ: WSGIEnvironment, header: str | None) -> str | None:
    """Return the `Host` header, or `None` for the empty one that granian passes if HTTP/1.0 has none.

    Args:
        environ: The WSGI environment.
        header: The header.
    """
    return None if header == "" and environ.get("SERVER_PROTOCOL") in {"HTTP/1", "HTTP/1.0"} else header


def server_of(environ: WSGIEnvironment) -> tuple[str, int | None] | None:
    """Return the server's address: `(host, port)`, `(path, None)` for a Unix socket, `None` if not known."""
    name = environ.get("SERVER_NAME")
    if name is None:
        return None
    try:
        return name, int(environ.get("SERVER_PORT"))  # type: ignore[arg-type]  # the error is caught
    except (TypeError, ValueError):
        return name, None


def host_of_server(environ: WSGIEnvironment) -> str:
    """Return the host of a request without a `Host` header: the server's address.

    Args:
        environ: The WSGI environment.
    """
    return _address(server_of(environ))


def _address(server: tuple[str, int | None] | None) -> str:
    if server is None or server[1] is None:
        return "localhost"
    name, port = server
    return f"[{name}]:{port}" if ":" in name and name[0] != "[" else f"{name}:{port}"


def without_default_port(host: str, scheme: str) -> str:
    """Return a host with its port unless that is the scheme's."""
    name, colon, port = host.rpartition(":")
    return name if colon and port == _DEFAULT_PORTS.get(scheme) else host


def without_final_dot(host: str) -> str:
    """Return a host without the dot at the end of its name."""
    name, colon, port = host.partition(":")
    return f"{name.removesuffix('.')}{colon}{port}"


def subdomain_of(host: str, server_name: str, scheme: str) -> str | None:
    """Return the subdomain of `server_name` that a host is, empty for itself, or `None` if it is not one.

    Args:
        host: A valid host.
        server_name: The value of SERVER_NAME.
        scheme: The scheme of the request, whose default port may be omitted.
    """
    own, parent = parse_host(host), parse_host(to_ascii(server_name))
    if own is None or parent is None or _port(own, scheme) != _port(parent, scheme):
        return None
    name, parent_name = comparable(own.name), comparable(parent.name)
    if name == parent_name:
        return ""
    return name.removesuffix(f".{parent_name}") if name.endswith(f".{parent_name}") else None


def _port(host: Host, scheme: str) -> str | None:
    return host.port or _DEFAULT_PORTS.get(scheme)


def to_ascii(text: str) -> str:
    """Return a host with its name in ASCII (RFC 3490); unchanged if it cannot be encoded."""
    name, colon, port = text.partition(":")
    try:
        return f"{name.encode('idna').decode('ascii')}{colon}{port}"
    except UnicodeError:
        return text


# -------------------------------------------------------------------------
# Trust
# -------------------------------------------------------------------------


def is_trusted(host: Host, trusted_hosts: Collection[str]) -> bool:
    """Return whether a host is one of `trusted_hosts`, whatever its port.

    Args:
        host: A valid host.
        trusted_hosts: The value of TRUSTED_HOSTS; an empty one trusts no host.

    Raises:
        TypeError: The value is not valid.
    """
    entries = (trusted_hosts,) if isinstance(trusted_hosts, str) else tuple(trusted_hosts)
    names, suffixes = _parse_trusted_hosts(entries)
    name = comparable(host.name)
    return name in names or (name.endswith(suffixes) and _DNS_NAME.fullmatch(name) is not None)


@lru_cache(maxsize=32)  # of values in the configuration
def _parse_trusted_hosts(trusted_hosts: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the trusted names, and the ends of trusted subdomains."""
    if (requirement := check_trusted_hosts(trusted_hosts)) is not None:
        raise TypeError(f"The value of TRUSTED_HOSTS {requirement}.")
    names = {text: _trusted_name(text) for text in trusted_hosts}
    suffixes = tuple(f".{name}" for text, name in names.items() if text[0] == ".")
    return frozenset(filter(None, names.values())), suffixes


def _trusted_name(text: str) -> str | None:
    """Return the name in an entry of TRUSTED_HOSTS, comparable, or `None` if it is not valid."""
    host = parse_host(to_ascii(text.removeprefix(".")))
    if host is None or (host.name[0] == "[" and text[0] == "."):
        return None
    name = comparable(host.name)
    return name if name[0] == "[" or _DNS_NAME.fullmatch(name) else None


def check_trusted_hosts(value: object) -> str | None:
    """Return what a valid value of TRUSTED_HOSTS is, or `None` if the value is valid.

    Args:
        value: The value.
    """
    if isinstance(value, str):
        return f"must be a list of hosts, not one text: write {[value]!r}"
    if value is None:
        return None
    form = "must be a list of hosts, each a str such as 'shop.example', or None"
    if not isinstance(value, Collection) or isinstance(value, Mapping | bytes | bytearray):
        return form
    for entry in value:
        if not isinstance(entry, str) or _trusted_name(entry) is None:
            return f"{form}; {_cure(entry)}"
    return None


def _cure(entry: object) -> str:
    shown = repr(entry)[:100]
    if entry == "*":
        return f"for any host, write None instead of [{shown}]"
    if isinstance(entry, str) and entry.startswith("*."):
        return f"{shown} is not a host: for all subdomains, write {entry[1:]!r}"
    if isinstance(entry, str) and _is_ipv6(entry):
        return f"{shown} is not a host: write '[{entry}]'"
    return f"{shown} is not a host: it has no scheme, user or path"
