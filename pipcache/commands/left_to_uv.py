"""What ``remove``, ``clear`` and ``prune`` say of uv's cache, which pipcache does not change: uv's commands."""

import shlex

from pipcache.audit.request import AuditRequest, audit_cache, read_matcher
from pipcache.errors import LeftToUv
from pipcache.location.locate import CacheDirectory
from pipcache.store.installer import uv_commands
from pipcache.util.progress import Track


def refusal_to_remove(directory: CacheDirectory, request: AuditRequest, track: Track) -> LeftToUv:
    """Return the error with the commands that remove what is named, and the audit that shows whether it is gone.

    uv removes projects as a whole: of what is found, the projects are named. Without selectors and advisories it
    is ``verify`` that names them.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims, or cannot be read.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and nothing of uv's.
    """
    place = f"--tool uv --cache-dir {shlex.quote(directory.path)}"
    if not (request.selectors or request.advisories):
        return LeftToUv(directory.path, (f"pipcache verify {place}",))
    _, matcher = read_matcher(request)
    audit = audit_cache(directory._replace(tool="uv"), matcher, request, track)
    projects = {hit.artifact.project for hit in audit.hits if hit.artifact.project}
    projects = projects or {selector.project for selector in request.selectors if selector.project}
    # what was typed may be anything to a shell
    words = [f"--advisory {shlex.quote(path)}" for path in request.advisories]
    words += [shlex.quote(selector.text) for selector in request.selectors]
    again = f"pipcache audit {' '.join(words)} {place}"
    return LeftToUv(directory.path, (*uv_commands(directory.path, projects), again))


def refusal_to_clear(directory: CacheDirectory) -> LeftToUv:
    """Return the error with the command that empties the cache, and the one that shows that it is empty."""
    again = f"pipcache info --tool uv --cache-dir {shlex.quote(directory.path)}"
    return LeftToUv(directory.path, (*uv_commands(directory.path, everything=True), again))


def refusal_to_prune(directory: CacheDirectory) -> LeftToUv:
    """Return the error with the command that removes what nothing uses, and the one that shows what is left."""
    again = f"pipcache info --tool uv --cache-dir {shlex.quote(directory.path)}"
    return LeftToUv(directory.path, (*uv_commands(directory.path), again))
