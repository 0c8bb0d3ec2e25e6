"""What ``remove``, ``clear`` and ``prune`` say of uv's cache, which pipcache does not change: uv's commands."""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipcache.errors import LeftToUv
from pipcache.location.locate import CacheDirectory
from pipcache.store.installer import uv_commands
from pipcache.util.progress import Track

if TYPE_CHECKING:
    from pipcache.audit.request import AuditRequest


def refusal_to_remove(directory: CacheDirectory, request: "AuditRequest", track: Track) -> LeftToUv:
    """Return the error with the commands that remove what is named, and the audit that shows whether it is gone.

    uv removes projects as a whole: of what is found, the projects are named. Without selectors and advisories it
    is ``verify`` that names them.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims, or cannot be read.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and nothing of uv's.
    """
    if not (request.selectors or request.advisories):
        return LeftToUv(directory.path, (_again("verify", directory, ()),))
    from pipcache.audit.request import audit_cache, read_matcher  # pip's cache is changed without it
    from pipcache.inventory.uv_removal import commands_for  # as above

    _, matcher = read_matcher(request)
    audit = audit_cache(directory._replace(tool="uv"), matcher, request, track)
    artifacts = [hit.artifact for hit in audit.hits]
    commands = commands_for(directory.path, artifacts, [s.project for s in request.selectors if s.project])
    # what was typed may be anything to a shell
    words = [f"--advisory {shlex.quote(path)}" for path in request.advisories]
    words += [shlex.quote(selector.text) for selector in request.selectors]
    return LeftToUv(directory.path, (*commands, _again(f"audit {' '.join(words)}", directory, commands)))


def refusal_to_clear(directory: CacheDirectory) -> LeftToUv:
    """Return the error with the command that empties the cache, and the one that shows that it is empty."""
    commands = uv_commands(directory.path, everything=True)
    return LeftToUv(directory.path, (*commands, _again("info", directory, commands)))


def refusal_to_prune(directory: CacheDirectory) -> LeftToUv:
    """Return the error with the command that removes what nothing uses, and the one that shows what is left."""
    commands = uv_commands(directory.path)
    return LeftToUv(directory.path, (*commands, _again("info", directory, commands)))


def _again(command: str, directory: CacheDirectory, commands: Sequence[str]) -> str:
    """Return the command line that shows what is left after the commands of uv."""
    path = shlex.quote(directory.path)
    if commands == uv_commands(directory.path, everything=True) and sys.platform != "win32":
        # the directory may be gone then, which is a mistake where it is named by the option
        return f"UV_CACHE_DIR={path} pipcache {command} --tool uv"
    return f"pipcache {command} --tool uv --cache-dir {path}"
