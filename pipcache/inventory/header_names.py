"""The names of a download in the headers of its response."""

import os
import re
import sys
from urllib.parse import unquote

from pipcache.inventory.artifact import Claim, Evidence, Place
from pipcache.store.cachecontrol import Head
from pipcache.util.filenames import parse_filename

_FILENAME = r"""(?i)\bfilename\s*=\s*"?([^";]+)"""

_CODED_FILENAME = r"""(?i)\bfilename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^";\s]+)"""


def _filename_in_disposition(value: str) -> str:
    """Return the file name in a ``Content-Disposition``, the coded form before the plain one (RFC 6266)."""
    coded = re.search(_CODED_FILENAME, value)
    if coded is not None:
        return unquote(coded[1])
    plain = re.search(_FILENAME, value)
    return value if plain is None else plain[1].strip()


def kept_once(text: str | None) -> str | None:
    """Return a name or a version, of which an entry has several that are equal, and a cache many."""
    return text and sys.intern(text)


def header_claims(head: Head) -> tuple[Claim, ...]:
    """Return the names in the headers of a response: PyPI's (since 2022-12), Artifactory's, RFC 6266's."""
    claims: list[Claim] = []
    headers = head.headers
    if project := headers.get("x-pypi-file-project"):
        version = headers.get("x-pypi-file-version")
        claims.append(Claim(Evidence.HEADER, "x-pypi-file-project", kept_once(project), kept_once(version)))
    for place in (Place.ARTIFACTORY_FILENAME, Place.CONTENT_DISPOSITION):
        if not (value := headers.get(place)):
            continue
        is_field = place is Place.CONTENT_DISPOSITION
        filename = os.path.basename(_filename_in_disposition(value) if is_field else value)
        if (parsed := parse_filename(filename)) is not None:
            claims.append(Claim(Evidence.HEADER, place.value, parsed.project, parsed.version, filename, place))
    return tuple(claims)
