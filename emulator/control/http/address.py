"""Where to listen: `HOST:PORT`, on this machine alone unless the user says otherwise."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from emulator.core.errors import BadInput

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8420
_HIGHEST_PORT = 65_535
_BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Address:
    """A host, by name or number, and a port; 0 = one that is free."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether nobody outside this machine reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_address(text: str, where: str) -> Address:
    """Read `127.0.0.1:8420`, `localhost:8420` or `[::1]:8420`; BadInput otherwise."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    name = host[1:-1] if bracketed else host
    number = int(port) if port.isascii() and port.isdecimal() and len(port) <= len(str(_HIGHEST_PORT)) else -1
    if not (colon and name and number in range(_HIGHEST_PORT + 1) and bracketed == (":" in name)):
        raise BadInput(f"{text[:60]!r} is no address", where=where, allowed="HOST:PORT, e.g. 127.0.0.1:8420")
    return Address(name, number)


def listening_socket(address: Address, where: str) -> socket.socket:
    """A socket that listens there; BadInput where the port is taken or there is no such address."""
    try:
        ((family, _, _, _, at), *_) = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        return socket.create_server((str(at[0]), address.port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no host name"
        raise BadInput(f"cannot listen on {address}: {reason}", where=where, allowed="a free port here") from error


def address_of(listener: socket.socket) -> Address:
    """Where a socket listens, its port known by now."""
    host, port = listener.getsockname()[:2]
    return Address(host, port)
