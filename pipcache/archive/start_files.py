"""Members of a wheel that Python runs at each start in the environment that it is installed in."""

import re

_AT_START = re.compile(
    r"(?:[^/]+\.data/(?:purelib/|platlib/|data/lib(?:64)?/(?:[^/]+/)?(?:site|dist)-packages/))?(?:[^/]+\.pth|(?:site|user)customize(?:\.[^/]+|/.+))",
    re.IGNORECASE,
)


def runs_at_start(name: str) -> bool:
    """Return whether every Python that starts in an environment runs a member, asked or not (module ``site``)."""
    return _AT_START.fullmatch(normal_path(name)) is not None


def normal_path(path: str) -> str:
    """Return a path as members and RECORD both have it: installers take ``./a`` for ``a``."""
    return path.removeprefix("./")
