"""Peak memory of `list` on a wheel of 1 GB inside an entry of the old `http` store.

python -m tests.benchmarks.big [--size 1000000000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO

import msgpack

from tests.benchmarks.measure import judged, plain_environment, run_child
from tests.support.archives import metadata
from tests.support.truth import url_key

LIMIT = 150  # MB
_CHUNK = bytes(1 << 20)


class _Sparse:
    """A file that begins at the present place of another one; zeros are skipped, not written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()

    def write(self, data: bytes) -> int:
        if data == _CHUNK:
            self._file.seek(len(data), os.SEEK_CUR)
        else:
            self._file.write(data)
        return len(data)

    def tell(self) -> int:
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        assert whence == os.SEEK_SET
        return self._file.seek(self._start + offset) - self._start

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """The file goes on after what is written here."""


def main() -> int:
    """Print the peak memory; 1 when it is over its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000_000, help="bytes of the wheel's one large member")
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory(prefix="pipcache-big-") as folder:
        write_entry(Path(folder), size)
        command = [sys.executable, "-m", "pipcache", "list", "--cache-dir", folder]
        subprocess.run(command, env=plain_environment(), check=True)
        child = run_child([*command, "--format", "json"])
    print(f"{child.seconds * 1000:.0f} ms, peak memory {judged(child.peak_memory / 1e6, LIMIT, ' MB')}")
    return int(child.peak_memory / 1e6 > LIMIT)


def write_entry(cache: Path, size: int) -> None:
    """Write the entry as pip before 23.3 does: the body inside the map, before the headers."""
    filename = "large-1.0-py3-none-any.whl"
    key = url_key(f"https://files.example.org/packages/{filename}")
    path = cache.joinpath("http", *key[:5], key)
    path.parent.mkdir(parents=True)
    rest = {"headers": {"Content-Type": "application/zip"}, "status": 200, "version": 11, "reason": "OK"}
    with path.open("wb") as file:
        file.write(
            b"cc=4,\x82" + msgpack.packb("response") + bytes([0x80 + 1 + len(rest)]) + msgpack.packb("body")
        )
        place = file.tell()
        file.write(b"\xc6" + bytes(4))  # bin 32: the length follows when it is known
        body = _Sparse(file)
        _write_wheel(body, size)
        length = body.tell()
        for name, value in rest.items():
            file.write(msgpack.packb(name) + msgpack.packb(value))
        file.write(msgpack.packb("vary") + msgpack.packb({}))
        file.seek(place + 1)
        file.write(length.to_bytes(4, "big"))


def _write_wheel(body: _Sparse, size: int) -> None:
    info = "large-1.0.dist-info"
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as archive:
        with archive.open("large/data.bin", "w") as member:
            for _ in range(size // len(_CHUNK)):
                member.write(_CHUNK)
            member.write(bytes(size % len(_CHUNK)))
        archive.writestr(f"{info}/METADATA", metadata("large", "1.0"))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"large/data.bin,,{size}\n{info}/METADATA,,\n{info}/WHEEL,,\n")


if __name__ == "__main__":
    sys.exit(main())
