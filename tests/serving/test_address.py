"""The address that a server listens on."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot
from cocopot.serving import AddressError, find_address, free_port, is_loopback
from cocopot.serving.address import Address, check_address, split_server_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "app.localhost",
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "unix:///run/app.sock",
    ],
)
def test_hosts_that_only_this_machine_reaches(host: str) -> None:
    """The names and addresses of the loopback interface, and sockets of the file system."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "[::]",
        "",
        "192.168.0.1",
        "128.0.0.1",
        "fe80::1",
        "example.com",
        "localhost.example.com",
        "notlocalhost",
        "127.0.0.1.example.com",
        "127.1",
        "2130706433",
        "/run/app.sock",
    ],
)
def test_hosts_that_others_may_reach(host: str) -> None:
    """All other addresses, and names that can resolve to any address."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("server_name", "expected"),
    [
        (None, (None, None)),
        ("", (None, None)),
        ("example.com", ("example.com", None)),
        ("example.com:8000", ("example.com", 8000)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:8000", ("::1", 8000)),
        ("[::1]", ("::1", None)),
        (":8000", (None, 8000)),
    ],
)
def test_host_and_port_of_server_name(server_name: str | None, expected: Any) -> None:
    """SERVER_NAME gives the host and, if there is one, the port; also with an IPv6 address."""
    assert split_server_name(server_name) == expected


def app_with(server_name: str | None) -> Cocopot:
    app = Cocopot("served", autoload=False)
    app.config["SERVER_NAME"] = server_name
    return app


@pytest.mark.parametrize(
    ("server_name", "host", "port", "expected"),
    [
        (None, None, None, ("127.0.0.1", "127.0.0.1", 5000)),
        (None, None, 0, ("127.0.0.1", "127.0.0.1", 0)),
        ("localhost:8123", None, None, ("localhost", "127.0.0.1", 8123)),
        ("localhost:8123", "", 8124, ("localhost", "127.0.0.1", 8124)),
        ("shop.localhost:8123", None, None, ("shop.localhost", "127.0.0.1", 8123)),
        ("127.0.0.1:8123", "localhost", None, ("localhost", "127.0.0.1", 8123)),
        (None, "0.0.0.0", 8123, ("0.0.0.0", "0.0.0.0", 8123)),
        (None, "127.1", 8123, ("127.1", "127.0.0.1", 8123)),
        # Public names and addresses are not this machine's: only their port counts.
        ("shop.invalid", None, None, ("127.0.0.1", "127.0.0.1", 5000)),
        ("shop.invalid:8123", None, None, ("127.0.0.1", "127.0.0.1", 8123)),
        ("192.0.2.1:8123", None, None, ("127.0.0.1", "127.0.0.1", 8123)),
        (None, None, "8123", ("127.0.0.1", "127.0.0.1", 8123)),
        (None, "unix:///tmp/none.sock", None, ("unix:///tmp/none.sock", "unix:///tmp/none.sock", 5000)),
    ],
)
def test_where_an_application_is_served(server_name: str | None, host: Any, port: Any, expected: Any) -> None:
    """Names are resolved, IPv4 first; SERVER_NAME supplies what is not passed, if it is this machine's."""
    assert find_address(app_with(server_name), host, port) == Address(*expected)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
@pytest.mark.parametrize(("server_name", "host"), [(None, "::1"), (None, "[::1]"), ("[::1]", None)])
def test_an_address_of_ipv6(server_name: str | None, host: str | None) -> None:
    """It may be in brackets, and is shown in them."""
    address = find_address(app_with(server_name), host, 8123)
    assert (address, str(address)) == (Address("::1", "::1", 8123), "[::1]:8123")


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("shop.invalid", 8123, "The host 'shop.invalid' cannot be resolved: pass "),
        ("a..b", 8123, "The host 'a..b' cannot be resolved: "),
        ("a" * 70, 8123, "cannot be resolved: "),
        ("a\0b", 8123, "cannot be resolved: "),
        (
            "http://localhost",
            8123,
            "cannot be resolved: pass a name or an IP address of this machine, without ",
        ),
        ("unix:/run/app.sock", 0, "'unix:/run/app.sock' is not a Unix socket: pass unix:// and a path"),
        (
            "unix://",
            0,
            "'unix://' is not a Unix socket: pass unix:// and a path, such as unix:///run/app.sock.",
        ),
        ("unix:///nowhere/a.sock", 0, "listen on '/nowhere/a.sock': No such file or directory. Choose"),
        ("unix:///tmp", 0, "listen on '/tmp': it exists, and is not a socket. Choose"),
        (f"unix:///tmp/{'a' * 200}", 0, ": AF_UNIX path too long. Choose"),
        ("unix:///tmp/a\0b", 0, "is not a Unix socket: "),
        ("127.0.0.1", "abc", "'abc' is not a port: pass a number from 0 to 65535."),
        ("127.0.0.1", [], "[] is not a port: "),
        ("192.0.2.1", 8123, "192.0.2.1 is not an address of this machine: pass one that is"),
        ("127.0.0.1", 65536, "65536 is not a port: pass a number from 0 to 65535."),
        ("127.0.0.1", -1, "-1 is not a port: "),
    ],
)
def test_an_address_that_no_server_can_listen_on(host: str, port: Any, message: str) -> None:
    """The error is a sentence that contains the host or port, and the cure."""
    with pytest.raises(AddressError, match=re.escape(message)):
        check_address(host, port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_port_in_use(host: str, shared: bool) -> None:
    """A port that another program listens on is an error, even if that program would share it."""
    with socket.socket() as listener:
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(AddressError, match=f"^Port {port} is in use by another program on {host}"):
            check_address(host, port)
    assert check_address(host, port).port == port


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user without privileges")
def test_a_privileged_port() -> None:
    """A port below 1024 needs privileges; the error states which ports do not."""
    with pytest.raises(AddressError, match="needs privileges that this process does not have"):
        check_address("127.0.0.1", 1)


@pytest.mark.parametrize(
    "name", ["localhost:http", "::1", "[::1", "localhost:99999", "", ":8000", ["a"], b"a", 5]
)
def test_a_server_name_that_is_none(name: Any) -> None:
    """A SERVER_NAME that is not a host and a port is an error that shows it, with its origin and the cure."""
    message = rf"^SERVER_NAME = {re.escape(repr(name))} \(code .*: it must be a host, .* or '\[::1\]:8000'\.$"
    with pytest.raises(AddressError, match=message):
        find_address(app_with(name), None, None)


def test_a_unix_socket_in_use(tmp_path: Path) -> None:
    """A socket that a program listens on is an error; one that was left behind is removed."""
    path = tmp_path / "app.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(AddressError, match=f"^{path} is in use by another program: stop it"):
            check_address(f"unix://{path}", 0)
    assert check_address(f"unix://{path}", 0).is_unix_socket
    assert not path.exists()


def test_a_free_port() -> None:
    """Port 0 is replaced by one that is free; another stays."""
    assert free_port(check_address("127.0.0.1", 0)) > 0
    assert free_port(Address("localhost", "127.0.0.1", 8123)) == 8123
