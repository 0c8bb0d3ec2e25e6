"""How pip is set to speak to its indexes: read from the environment and pip's configuration, in pip's order.

The rules are those of ``pip install`` 26.3: ``_internal/cli/index_command.py``, ``cli/cmdoptions.py``,
``cli/parser.py`` and ``network/auth.py``.
"""

import math
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from pipcache.errors import ErrorKind, ExitCode, PipcacheError
from pipcache.live.trusted_hosts import TrustedHosts
from pipcache.location.config import config_files, expanduser
from pipcache.location.locate import Setting, configured_indexes, install_setting
from pipcache.util.urls import PAGE_BASES, without_user


class BadSetting(PipcacheError):  # noqa: N818 - it names the setting
    """A setting of pip has a value that pip refuses."""

    exit_code = ExitCode.USAGE
    kind = ErrorKind.BAD_SETTING


class KeyringProvider(StrEnum):
    """How pip asks a keyring for a password (``--keyring-provider``)."""

    AUTO = "auto"  # with --no-input, which is how it is here, pip asks none
    DISABLED = "disabled"
    IMPORT = "import"  # the package, in this Python
    SUBPROCESS = "subprocess"  # the program


class NetworkSettings(NamedTuple):
    """pip's settings for the network.

    Attributes:
        index_urls: the URLs of the indexes, highest first; they may hold user names and passwords.
        trusted_hosts: hosts, some with a port; ``live/trusted_hosts.py`` says what they allow.
        cert: a file or folder of certificates to trust; None where none is set.
        has_system_certs: whether those of the system are trusted, beside ``cert``, as pip does since 24.2 unless
            ``use-deprecated`` has ``legacy-certs``; else those of certifi are, or ``cert`` alone.
        client_cert: a file with the certificate and the key of this client.
        proxy: the URL of the proxy for everything; None where the environment decides. It may hold a password.
        no_proxy_env: no proxy of the environment is used.
        timeout: seconds to wait for a connection, and for the next bytes of an answer. To pip 0 means for ever,
            and here the default.
        retries: how often pip asks again after a failure.
        keyring: how a keyring is asked.
        has_index_url: whether an ``index-url`` is set; else pip's own default is searched too.
        has_find_links: whether ``find-links`` is set: files come from no index alone.
        no_index: the place that forbids pip to ask any index; None where none does.
    """

    index_urls: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = None
    no_proxy_env: bool = False
    timeout: float = 15.0
    retries: int = 5
    keyring: KeyringProvider = KeyringProvider.AUTO
    has_system_certs: bool = True
    has_index_url: bool = False
    has_find_links: bool = False
    no_index: str | None = None

    @property
    def searched(self) -> frozenset[str] | None:
        """The URLs of all indexes that pip searches; None where it takes files from elsewhere too."""
        default = () if self.has_index_url else PAGE_BASES[:1]
        return None if self.has_find_links else frozenset({*map(without_user, self.index_urls), *default})


_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})

_FALSE = frozenset({"n", "no", "f", "false", "off", "0"})


def read_settings(environ: Mapping[str, str]) -> NetworkSettings:
    """Read pip's settings for the network.

    Raises:
        BadSetting: pip refuses the value of one.
    """
    files = config_files(sys.platform, environ)

    def setting(*keys: str) -> Setting | None:
        return next(filter(None, (install_setting(key, environ, files) for key in keys)), None)

    def path(key: str) -> str | None:
        place = setting(key)
        return None if place is None else expanduser(place.value or "", environ)

    def switch(key: str) -> Setting | None:
        place = setting(key)
        return place if place is not None and _is_on(place) else None

    trusted, proxy, keyring, no_index = map(setting, ("trusted-host", "proxy", "keyring-provider", "no-index"))
    deprecated = setting("use-deprecated")
    timeout, retries = setting("timeout", "default-timeout"), setting("retries")
    return NetworkSettings(
        tuple(dict.fromkeys(configured_indexes(environ))),
        () if trusted is None else _hosts(trusted),
        path("cert"),
        path("client-cert"),
        None if proxy is None else proxy.value,
        switch("no-proxy-env") is not None,
        (_number(timeout) if timeout is not None else 0) or NetworkSettings().timeout,
        NetworkSettings().retries if retries is None else int(_number(retries, is_whole=True)),
        KeyringProvider.AUTO if keyring is None else _provider(keyring),
        deprecated is None or "legacy-certs" not in (deprecated.value or "").split(),
        setting("index-url") is not None,
        setting("find-links") is not None,
        no_index.origin if no_index is not None and _is_on(no_index) else None,
    )


def _is_on(setting: Setting) -> bool:
    """Return the value of a switch; pip takes empty for unset."""
    word = (setting.value or "").lower()
    if word not in _TRUE | _FALSE:
        raise _bad(setting, "yes or no")
    return word in _TRUE


def _number(setting: Setting, *, is_whole: bool = False) -> float:
    text = (setting.value or "").strip()
    try:
        number = float(int(text)) if is_whole else float(text)
    except (ValueError, OverflowError):
        number = math.nan
    if not 0 <= number < _MOST:
        raise _bad(setting, "a number")
    return number


_MOST = 1e6


def _hosts(setting: Setting) -> tuple[str, ...]:
    names = tuple((setting.value or "").split())
    try:
        TrustedHosts(names)
    except ValueError:
        raise _bad(setting, "a list of hosts, each with or without the number of a port") from None
    return names


def _provider(setting: Setting) -> KeyringProvider:
    try:
        return KeyringProvider(setting.value or "")
    except ValueError:
        raise _bad(setting, f"one of {', '.join(KeyringProvider)}") from None


def _bad(setting: Setting, wanted: str) -> BadSetting:
    """Return the error for a setting; its value may be a secret in the wrong place, and is not shown."""
    return BadSetting(
        f"{setting.origin} is not {wanted}. No index was asked.",
        hint="Correct it, or remove it; pip refuses it too.",
    )
