"""The environment in which installers ask one index and no other, whatever a user has configured.

Sources: pip ``cli/parser.py`` and ``configuration.py`` (20.3-26.3), uv's reference of environment variables, pdm
``project/config.py``. poetry has no variable for an index: its project file names it.
"""

import os
from collections.abc import Mapping

from pipcache.offline.uv_settings import uv_settings_name_indexes

_PIP = frozenset(
    {
        *("index-url", "pypi-url", "index", "extra-index-url", "find-links", "no-index", "config-file"),
        *("isolated", "proxy"),  # pip asks through its own proxy for this machine too, whatever NO_PROXY says
    }
)
"""Options of pip that decide which index is asked, and how; a variable can set each."""

_UV = frozenset(
    {
        *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"),
        *("UV_OFFLINE", "UV_TORCH_BACKEND"),
    }
)

_PDM = frozenset({"PDM_PYPI_URL", "PDM_PYPI_USERNAME", "PDM_PYPI_PASSWORD"})

_HERE = ("127.0.0.1", "localhost")


def environment_for(
    index_url: str,
    environ: Mapping[str, str],
    *,
    cache_dir: str | None,
    require_virtualenv: str | None = None,
) -> dict[str, str]:
    """Return an environment in which pip, uv and pdm ask one index of this machine, past every proxy.

    Args:
        index_url: the URL of the index.
        environ: the environment of the run.
        cache_dir: the cache directory that pip's configuration files name, which are not read any more; None where
            they name none.
        require_virtualenv: the value of that setting in pip's configuration files; None where none has it.
    """
    kept = {name: value for name, value in environ.items() if not _is_of_an_index(name)}
    ours = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index_url,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_DEFAULT_INDEX": index_url,
        "PDM_PYPI_URL": index_url,
        "PDM_CHECK_UPDATE": "false",
        "PDM_CONFIG_FILE": os.devnull,  # pypi.ignore_stored_index would hide PDM_PYPI_URL too
    }
    if uv_settings_name_indexes(environ):
        kept.pop("UV_CONFIG_FILE", None)
        ours["UV_NO_CONFIG"] = "1"
    if cache_dir is not None:
        ours["PIP_CACHE_DIR"] = cache_dir
    if require_virtualenv is not None and not _sets(kept, "require-virtualenv", "require-venv"):
        ours["PIP_REQUIRE_VIRTUALENV"] = require_virtualenv
    for name in ("no_proxy", "NO_PROXY"):
        ours[name] = _past_proxies(kept.get("no_proxy") or kept.get("NO_PROXY") or "")
    return kept | ours


def _is_of_an_index(name: str) -> bool:
    return _option(name) in _PIP or name in _UV or name in _PDM


def _sets(environ: Mapping[str, str], *options: str) -> bool:
    """Return whether a variable sets one of some options of pip."""
    return any(_option(name) in options for name in environ)


def _option(name: str) -> str | None:
    """Return the option of pip that a variable sets; None for other variables."""
    return name[4:].lower().replace("_", "-") if name.startswith("PIP_") else None


def _past_proxies(hosts: str) -> str:
    """Return hosts that are asked past every proxy, with this machine among them; ``*`` means all."""
    named = [host for part in hosts.split(",") if (host := part.strip())]
    if "*" in named:
        return hosts
    return ",".join([*named, *(host for host in _HERE if host not in named)])
