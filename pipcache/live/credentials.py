"""User names and passwords in pip's order: the index's URL, netrc, a keyring where one is configured; no prompt.

The rules are those of pip 26.3 ``_internal/network/auth.py`` with ``--no-input``. A password belongs to the origin
(scheme, host, port) that it is for and is given to no other; it is never shown and never stored.
"""

import importlib
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import requests.utils

from pipcache.live.settings import KeyringProvider
from pipcache.util.urls import without_user


class Login(NamedTuple):
    """A user and a password."""

    user: str
    password: str

    def __repr__(self) -> str:
        """Return it without what is secret."""
        return "Login(***)"


class Origin(NamedTuple):
    """Whom a password belongs to."""

    scheme: str
    host: str
    port: int | None


_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """Return the origin of a URL.

    Raises:
        ValueError: its port is no port.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return Origin(scheme, parts.hostname or "", parts.port or _PORTS.get(scheme))


class Credentials:
    """Finds the login for a URL; a keyring is asked once for each index."""

    def __init__(self, index_urls: Sequence[str], provider: KeyringProvider) -> None:
        """Take the URLs of the indexes, with their user information, and how a keyring is asked."""
        self._indexes = [(origin, url) for url in index_urls if (origin := _origin_or_none(url)) is not None]
        self._provider = provider
        self._from_keyring: dict[Origin, Login | None] = {}

    def login(self, url: str) -> Login | None:
        """Return the login to send with the first request for a URL; None without one."""
        if (known := self._from_keyring.get(origin_of(url))) is not None:
            return known
        parts = [urlsplit(index_url) for index_url in self._index_urls_for(url)]
        for index in parts:
            if index.username is not None and index.password is not None:
                return Login(unquote(index.username), unquote(index.password))
        if (login := _from_netrc(url)) is not None:
            return login
        # a user alone: some indexes take a token in its place
        user = next((index.username for index in parts if index.username), None)
        return None if user is None else Login(unquote(user), "")

    def login_after_refusal(self, url: str) -> Login | None:
        """Return the login that a keyring has, where pip would ask one without a person; None without one."""
        if self._provider not in {KeyringProvider.IMPORT, KeyringProvider.SUBPROCESS}:
            return None
        origin = origin_of(url)
        if origin not in self._from_keyring:
            index_urls = [*self._index_urls_for(url)]
            user = next((unquote(urlsplit(index_url).username or "") for index_url in index_urls), "") or None
            services = [*map(without_user, index_urls), urlsplit(url).netloc]
            answers = (self._ask_keyring(service, user) for service in services)
            self._from_keyring[origin] = next(filter(None, answers), None)
        return self._from_keyring[origin]

    def _index_urls_for(self, url: str) -> Iterator[str]:
        """Yield the URLs of the indexes of the same origin, that which the URL is below first."""
        origin = origin_of(url)
        same = [index_url for place, index_url in self._indexes if place == origin]
        yield from sorted(
            same, key=lambda index_url: not url.startswith(without_user(index_url).rstrip("/") + "/")
        )

    def _ask_keyring(self, service: str, user: str | None) -> Login | None:
        if self._provider is KeyringProvider.IMPORT:
            return _ask_package(service, user)
        return _ask_program(service, user)


def _from_netrc(url: str) -> Login | None:
    try:
        pair = requests.utils.get_netrc_auth(url)
    except (OSError, ValueError):
        return None
    return None if pair is None else Login(*pair)


def _origin_or_none(url: str) -> Origin | None:
    try:
        return origin_of(url)
    except ValueError:
        return None


def _ask_package(service: str, user: str | None) -> Login | None:
    """Return what the package ``keyring`` of this Python has."""
    try:
        login = importlib.import_module("keyring").get_credential(service, user)
    except Exception:  # noqa: BLE001 - its back ends raise what they like; pip goes on without it too
        return None
    return None if login is None else Login(str(login.username), str(login.password))


_IN_UTF8 = {"PYTHONIOENCODING": "utf-8"}

_PATIENCE = 60
"""Seconds for a keyring's program to answer."""


def _ask_program(service: str, user: str | None) -> Login | None:
    """Return what the program ``keyring`` has."""
    command = ["keyring", "--mode=creds", "--output=json", "get", service, *([user] if user else [])]
    try:
        done = subprocess.run(  # noqa: S603 - the program that pip is told to run, without a shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=os.environ | _IN_UTF8,
            timeout=_PATIENCE,
            check=False,
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if not isinstance(answer, dict):
        return None
    return Login(str(answer.get("username") or ""), str(answer.get("password") or ""))
