"""Members of archives, compared by the digests that RECORD gives of them."""

import base64
import hashlib
import zipfile
from io import BytesIO

import pytest

from tests.support import archives
from tests.support.caches import CacheBuilder
from tests.support.program import Program

PAYLOAD = b"import os\n"


def with_record(wheel: bytes, digests: dict[str, str]) -> bytes:
    """The wheel with RECORD's digests of some members in another spelling."""
    written = BytesIO()
    with zipfile.ZipFile(BytesIO(wheel)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("/RECORD"):
                lines = [line.split(",") for line in data.decode().splitlines()]
                data = "".join(f"{line[0]},{digests.get(line[0], line[1])},{line[2]}\n" for line in lines).encode()
            new.writestr(name, data)
    return written.getvalue()


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512", "md5"])
@pytest.mark.parametrize("spelling", ["hex", "HEX", "base64url", "base64url with padding"])
def test_a_member_matches_however_record_spells_its_digest(
    builder: CacheBuilder, program: Program, algorithm: str, spelling: str
) -> None:
    state = hashlib.new(algorithm, PAYLOAD, usedforsecurity=False)
    encoded = base64.urlsafe_b64encode(state.digest()).decode()
    value = {
        "hex": state.hexdigest(),
        "HEX": state.hexdigest().upper(),
        "base64url": encoded.rstrip("="),
        "base64url with padding": encoded,
    }[spelling]
    filename, wheel = archives.build_wheel("foo", "1.0", members={"foo/evil.py": PAYLOAD})
    bad = with_record(wheel, {"foo/evil.py": f"{algorithm}={value}"})
    builder.download(f"https://files.example/{filename}", bad)
    ran = program("audit", f"{algorithm}:{state.hexdigest()}")
    assert ran.code == 1, ran.out
    assert "foo/evil.py" in ran.out
