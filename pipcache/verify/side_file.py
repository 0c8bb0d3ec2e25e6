"""Whether a wheel says the same as the ``.metadata`` file that an index serves beside it (PEP 658)."""

from collections.abc import Iterator

from pipcache.archive.core_metadata import METADATA_LIMIT, disagreements, read_core_metadata
from pipcache.archive.wheel_rules import read_metadata
from pipcache.inventory.artifact import Artifact
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.util.compression import UndecodableBody
from pipcache.util.files import Window
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding


def side_file_findings(wheel: Artifact, window: Window, side: Artifact, cache: Cache) -> Iterator[Finding]:
    """Yield each field that METADATA and the ``.metadata`` file have differently for pip; none for equal bytes.

    Args:
        wheel: the wheel.
        window: its bytes.
        side: its ``.metadata`` file.
        cache: the cache, from which that is read.

    Raises:
        OSError: the window cannot be read.
    """
    inside = read_metadata(window)
    try:
        with open_body(cache, side) as body:
            beside = body.decoded(METADATA_LIMIT + 1)
    except (OSError, UndecodableBody):
        return  # the file has a judgement of its own
    if inside is None or inside == beside or max(len(inside), len(beside)) > METADATA_LIMIT:
        return
    first, second = read_core_metadata(inside), read_core_metadata(beside)
    if first is None or second is None:
        return  # that one is refused by itself
    name = wheel.filename or "the wheel"
    for field, of_wheel, of_side in disagreements(first, second):
        by = f"METADATA in {name} and {name}.metadata (key {side.key})"
        yield Finding(Check.PC509, by, f"{field}: {of_wheel}", f"{field}: {of_side}")
