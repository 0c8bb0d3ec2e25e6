"""Real pips of many versions, each run from its wheel and with nothing of this machine's configuration."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import platformdirs
import pytest

from tests.support.index import Certificate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.index import Index

PIP_VERSIONS = ("20.3.4", "21.3.1", "22.3.1", "23.2.1", "23.3.2", "24.3.1", "25.3", "26.3")

# These import distutils, or a pkg_resources that needs pkgutil.ImpImporter; Python 3.12 has neither
BEFORE_PYTHON_312 = frozenset({"19.3.1", "20.3.4", "21.3.1", "22.3.1"})
# pip caches http:// from trusted hosts since 21.3, https:// always
_NEEDS_TLS = frozenset({"20.3.4"})

_DROPPED = ("PIP_", "PYTHON", "GIT_", "XDG_")
_DROPPED_NAMES = frozenset(
    {
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("VIRTUAL_ENV", "NETRC", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"),
    }
)


def needs_tls(version: str) -> bool:
    """Whether this pip caches nothing from a plain http:// index."""
    return version in _NEEDS_TLS


def pip_wheel(version: str) -> Path:
    """The wheel of this pip, fetched once and then kept.

    Where it cannot be had the test is skipped; in CI, where nobody would see that, it fails.
    """
    wheel = _fetched(version)
    if isinstance(wheel, str):
        _give_up(f"no wheel of pip {version}: {wheel}")
    return wheel


def pip_program(version: str) -> Path:
    """This pip's package, unpacked from its wheel once and then kept: as files its byte code is kept as well."""
    wheel = pip_wheel(version)
    place = wheel.with_suffix("")
    if not place.is_dir():
        with tempfile.TemporaryDirectory(dir=wheel.parent) as draft:
            unpacked = Path(draft) / "unpacked"
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(unpacked)
            # Another worker may have been faster
            with contextlib.suppress(OSError):
                unpacked.rename(place)
    return place / "pip"


def run_pip(
    version: str,
    args: Sequence[str],
    *,
    cache_dir: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    python: str | None = None,
    certificate: Certificate | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a pip with its own home folder below `cwd` and no configuration; `env` is added last.

    Without `python` it runs under this interpreter, and the test is skipped where that is too new.
    """
    if python is None and version in BEFORE_PYTHON_312 and sys.version_info >= (3, 12):
        pytest.skip(f"pip {version} does not work under Python 3.12 and newer")
    trust = ["--trusted-host", "127.0.0.1"] if certificate is None else ["--cert", str(certificate.cert)]
    options = ["--disable-pip-version-check", "--no-input", "--cache-dir", str(cache_dir), *trust]
    command = [python or sys.executable, str(pip_program(version)), *options, *args]
    return run_captured(command, cwd=cwd, env={**clean_environment(cwd / "home"), **(env or {})})


def fill_cache(
    version: str, index: Index, folder: Path, *projects: str, env: Mapping[str, str] | None = None
) -> None:
    """Let a pip install projects from an index, into `first` below a folder; its cache is `cache` beside that."""
    done = run_pip(
        version,
        ["install", "--index-url", index.simple, "--target", "first", "--no-compile", *projects],
        cache_dir=folder / "cache",
        cwd=folder,
        env=env,
        certificate=index.certificate,
    )
    assert done.returncode == 0, done.stderr


def run_captured(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a program that nobody answers, and return what it wrote."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def clean_environment(home: Path) -> dict[str, str]:
    """This process's environment without anything that configures pip, Python, git or TLS."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_DROPPED) and name.upper() not in _DROPPED_NAMES
    }
    folders = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME"), str(home))
    fixed = {
        "PIP_CONFIG_FILE": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    return {**kept, **folders, **fixed}


def make_certificate(folder: Path, name: str = "localhost") -> Certificate:
    """A fresh certificate of this machine, by an authority of any name; skips without an openssl command."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    config = folder / "openssl.cnf"
    # Spelled out, as the command's own configuration differs from system to system;
    # Python 3.13 insists on the key usage and the identifiers
    config.write_text(
        "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = extensions\n"
        f"[name]\nCN = {name}\n"
        "[extensions]\nsubjectAltName = DNS:localhost, IP:127.0.0.1\nbasicConstraints = critical, CA:TRUE\n"
        "keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign\n"
        "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n",
        encoding="ascii",
    )
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2"]
    files = ["-config", str(config), "-keyout", str(made.key), "-out", str(made.cert)]
    subprocess.run([*command, *files], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return made


_ENVIRONMENT = dict(os.environ)
"""The environment before any test changed it: the test that asks first for a pip may lead pip to its own index."""

_KEPT = Path(
    os.environ.get("PIPCACHE_TEST_PIPS") or platformdirs.user_cache_dir("pipcache-tests", appauthor=False)
)
"""The folder of the wheels."""


@functools.cache
def _fetched(version: str) -> Path | str:
    """The wheel, or why there is none; a failure is not tried again by the same process."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    kept = sorted(_KEPT.glob(f"pip-{version}-*.whl"))
    if kept:
        return kept[0]
    with tempfile.TemporaryDirectory(dir=_KEPT) as draft:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        options = ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--dest", draft]
        done = subprocess.run(
            [*command, *options, f"pip=={version}"],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        wheels = list(Path(draft).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            return done.stderr.strip().rpartition("\n")[2] or f"pip download ended with {done.returncode}"
        # Another worker may have been faster: either file will do, and no one sees half of one
        target = _KEPT / wheels[0].name
        wheels[0].replace(target)
        return target


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
