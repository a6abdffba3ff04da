"""Whether anything answers at an address, before a client library tries for minutes to find out."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from evalsuite.errors import UserError

SECONDS = 5.0
PORTS = {"http": 80, "https": 443}


def check_reachable(address: str, *, option: str) -> None:
    """Raise UserError unless something accepts connections at the http(s) ``address``.

    ``option`` is what the user gave it with. An address that a proxy leads to is taken on trust.
    """
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = parts._replace(scheme="")
    if parts.scheme not in PORTS or parts.hostname is None:
        raise UserError(f"{option} {address!r}: an address begins with http:// or https://")
    if parts.scheme in getproxies() and not proxy_bypass(parts.hostname):
        return
    try:
        socket.create_connection((parts.hostname, port or PORTS[parts.scheme]), SECONDS).close()
    except OSError as error:
        raise UserError(f"{option} {address}: nothing answers there ({error})") from None
