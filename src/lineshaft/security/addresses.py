"""Network addresses: from where a request comes, and who may call from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

Network = IPv4Network | IPv6Network


def networks(given: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks (``10.0.0.0/8``); raises ``InputError``."""
    out = []
    for each in given:
        try:
            out.append(ip_network(each.strip(), strict=False))
        except ValueError as error:
            raise InputError(
                text(
                    "Expected an address or a network such as 10.1.0.0/16, but got {given}.",
                    "应为地址或网段(如 10.1.0.0/16),实际为 {given}。",
                    given=ascii(each[:60]),
                ),
                code="address_invalid",
            ) from error
    return tuple(out)


def is_in(address: str, allowed: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks; what is no address lies in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in allowed)


def client_of(peer: str, forwarded: str | None, trusted: Sequence[Network]) -> str:
    """Return from where a request comes.

    What a proxy says counts only where the peer is a proxy that the configuration trusts; then the last
    address of ``X-Forwarded-For`` that is not itself such a proxy. A client can write what it likes before
    it.
    """
    if not trusted or forwarded is None or not is_in(peer, trusted):
        return peer
    for each in reversed([part.strip() for part in forwarded.split(",")]):
        if not is_in(each, trusted):
            try:
                return str(ip_address(each))
            except ValueError:
                return peer
    return peer
