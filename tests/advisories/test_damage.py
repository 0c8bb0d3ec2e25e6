"""A damaged file of any format is refused, or means no more than the whole file."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.loader import read_advisories
from pipcache.advisories.model import AdvisoryError
from pipcache.util.urls import FILES_HOST
from tests.support.advisory_samples import (
    BLAKE,
    BOM,
    CTX_YAML,
    GHSA_OPEN,
    HASHED,
    LIST,
    LITELLM_WHEEL,
    MEMBER,
    TABLE,
    VDR,
    WHEEL,
    affected,
    hashed_path,
    litellm,
)

if TYPE_CHECKING:
    from pipcache.advisories.model import Advisories
    from tests.support.advisory_samples import Write


FORMS = {
    "osv.json": json.dumps(litellm(), indent=1),
    "range.json": json.dumps(
        {
            "id": "A-1",
            "modified": "2026-01-01T00:00:00Z",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "good"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5"}]}],
                },
                {"package": {"ecosystem": "npm", "name": "good"}, "versions": ["2.0"]},
            ],
        }
    ),
    "withdrawn.json": json.dumps(affected() | {"withdrawn": "2026-01-01T00:00:00Z"}),
    "lines.jsonl": f"{json.dumps(litellm())}\n{json.dumps(GHSA_OPEN)}\n",
    "pysec.yaml": CTX_YAML,
    "table.csv": TABLE,
    "files.csv": f"filename,sha256\n{LITELLM_WHEEL},{WHEEL}\nlitellm/proxy.py,{MEMBER}\n",
    "urls.csv": f"url,sha256\nhttps://{FILES_HOST}/{hashed_path(BLAKE, LITELLM_WHEEL)},{WHEEL}\n",
    "list.txt": LIST,
    "hashed.txt": HASHED,
    "bom.json": json.dumps(BOM),
    "vdr.json": json.dumps(VDR),
}
STRUCTURE = b"{}[]\",:'\n\\-#=&*!|<>@?/ \t\0\xff0a"


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One to three bytes gone, added or changed, a part gone or twice, or the end cut off."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data = data[:at] + data[at + 1 :]
            case 1:
                data = data[:at] + bytes([chance.choice(STRUCTURE)]) + data[at:]
            case 2:
                data = data[:at] + bytes([chance.choice(STRUCTURE)]) + data[at + 1 :]
            case 3:
                data = (
                    data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
                    if data[at:]
                    else data
                )
            case 4:
                data = data[:at] if chance.random() < 0.5 else data[:at] + data[at + chance.randrange(40) :]
            case _:
                data = data[: at + chance.randrange(60)] + data[at:]
    return data


def outcome(path: str) -> tuple[Advisories | None, str]:
    """What was read, or what was said of it."""
    try:
        return read_advisories([path]), ""
    except AdvisoryError as error:
        return None, str(error)


def condemns(advisories: Advisories, project: str, version: str) -> bool:
    return any(
        indicator.project == project
        and not (indicator.digests or indicator.urls or indicator.filename)
        and (
            indicator.every_version
            or version in indicator.versions
            or any(span.contains(version) for span in indicator.ranges)
        )
        for indicator in advisories.indicators
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_file_is_refused_or_read_and_nothing_else(
    form: str, write: Write, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(f"{request.node.name}")
    whole = FORMS[form].encode()
    for _ in range(250):
        path = write(form, damaged(whole, chance))
        advisories, error = outcome(path)
        if advisories is None:
            assert path in error
            continue
        assert advisories.records > 0
        for indicator in advisories.indicators:
            assert indicator.project or indicator.digests or indicator.urls or indicator.filename
            repr([span.text() for span in indicator.ranges])
            for span in indicator.ranges:
                span.contains("1.0")


@pytest.mark.parametrize("form", [form for form in FORMS if form != "bom.json"])
def test_a_file_that_is_cut_off_or_lost_a_mark_condemns_no_good_release(form: str, write: Write) -> None:
    whole = FORMS[form].encode()
    good = [(project, "2.0") for project in ("good", "a", "app", "keyv", "ctx", "torchvision")]
    marks = [at for at, byte in enumerate(whole) if byte in b"{}[]\",:'\n\\-#=<>"]
    versions = [whole[:at] for at in range(1, len(whole), 1 + len(whole) // 400)]
    versions += [whole[:at] + whole[at + 1 :] for at in marks]
    for data in versions:
        advisories, _ = outcome(write(form, data))
        assert advisories is None or not [pair for pair in good if condemns(advisories, *pair)], data
