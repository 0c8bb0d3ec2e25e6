"""pip's ``trusted-host``: which indexes are asked without encryption, and of which no certificate is checked.

pip has an answer to each, and they differ: ``PipSession.is_secure_origin`` compares host and port, and
``add_trusted_host`` mounts an adapter for URLs that begin as the host is written (pip 26.3
``_internal/network/session.py``, ``utils/misc.py``).
"""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit


class _Origin(NamedTuple):
    """Whom to ask without encryption; a host of ``*`` is each one, a port of None any one."""

    host: str
    port: int | None = None


_THIS_MACHINE = (_Origin("localhost"), _Origin("127.0.0.0/8"), _Origin("::1/128"))


class TrustedHosts:
    """The hosts that pip is told to trust. It never changes, so threads may share it."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Take the hosts as pip is told of them: a host, or a host and a port.

        Raises:
            ValueError: pip refuses one: it has no host, or its port is no number of a port.
        """
        origins: list[_Origin] = []
        prefixes: list[str] = []
        for name in names:
            origin, url = _origin(name)
            origins.append(origin)
            prefixes += [f"{url}/", *([] if origin.port else [f"{url}:"])]
        self._origins = (*_THIS_MACHINE, *origins)
        self.unchecked: tuple[str, ...] = tuple(dict.fromkeys(prefixes))
        """How the URLs begin of which pip checks no certificate; their case does not matter."""

    def allow(self, url: str) -> bool:
        """Return whether pip asks at a URL: over https, this machine, or a host that it is told to trust.

        A port counts only where the URL has one: ``index.example:80`` does not allow ``http://index.example/``.

        Raises:
            ValueError: the port of the URL is none.
        """
        parts = urlsplit(url)
        if parts.scheme == "https":
            return True
        host, port = parts.hostname or "", parts.port
        return any(_is_of(host, origin) and origin.port in {None, port} for origin in self._origins)


def _origin(name: str) -> tuple[_Origin, str]:
    """Return a trusted host, and the URL that pip makes of it.

    Raises:
        ValueError: it has no host, or its port is no number of a port.
    """
    is_bare = name.count(":") >= _COLONS and not set("@[") & set(name)
    url = f"https://[{name}]" if is_bare else f"https://{name}"
    parts = urlsplit(url)
    if parts.hostname is None:
        raise ValueError("a trusted host without a host")
    return _Origin(parts.hostname, parts.port), url


_COLONS = 2
"""The fewest in an IPv6 address; a host and its port have one."""


def _is_of(host: str, origin: _Origin) -> bool:
    """Return whether a host is that of an origin; an address is one of its network, however it is written."""
    try:
        return ip_address(host) in ip_network(origin.host)
    except ValueError:  # a name, and anybody may have one that begins with 127
        return origin.host in {"*", host.lower()}
