"""Sets of IP addresses and networks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Address = str | IPv4Address | IPv6Address | IPv4Network | IPv6Network

__all__ = ["Addresses"]

MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses as an IPv6 socket sees them


class Addresses:
    """Some addresses and networks; never changed, so that any thread may look while another one replaces it.

    addresses: strs such as "192.0.2.7", "2001:db8::/32", or objects of the ipaddress module. Raises TypeError, or
    ValueError for what is no IP address or network, as a host's name, a network with host bits set, or an IPv6 address
    with a scope ("fe80::1%eth0"): only one without is found, then in all scopes.
    """

    __slots__ = ("_hosts", "_networks", "_texts")

    def __init__(self, addresses: Iterable[Address] = ()) -> None:
        self._texts = tuple(addresses)
        networks = {_parse(address) for address in self._texts}
        self._hosts = {network.network_address for network in networks if network.prefixlen == network.max_prefixlen}
        self._networks = [network for network in networks if network.prefixlen < network.max_prefixlen]

    def __bool__(self) -> bool:
        return bool(self._texts)

    def __contains__(self, text: str) -> bool:
        """Whether an address is one of these or in one of these networks; one that is not of IP never is."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped is not None:
                address = address.ipv4_mapped
            else:
                address = IPv6Address(int(address))  # without the scope: "fe80::1%eth0"
        return address in self._hosts or any(address in network for network in self._networks)

    def __or__(self, addresses: Iterable[Address]) -> Addresses:
        """Return these and more."""
        return Addresses((*self._texts, *addresses))


def _parse(address: Address) -> IPv4Network | IPv6Network:
    """Return an address as the network of just this one."""
    if not isinstance(address, (str, IPv4Address, IPv6Address, IPv4Network, IPv6Network)):
        raise TypeError(f"addresses: expected str, got {type(address).__name__}")
    try:
        network = ip_network(address)
    except ValueError as error:
        raise ValueError(f"addresses: {error}") from None
    if isinstance(network, IPv6Network) and "%" in str(network):  # would never be found
        raise ValueError(f"addresses: {str(address)!r} has a scope; leave it out, to mean it in all of them")
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - MAPPED.prefixlen))
    return network
