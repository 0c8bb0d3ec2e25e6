"""True wheels and source distributions, small enough to be made for each test."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import itertools
import re
import tarfile
import zipfile
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SdistFormat = Literal["tar.gz", "zip", "tar.bz2"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold: equal input makes equal bytes

# A PEP 517 backend inside the sdist: pip needs neither a download nor setuptools to build it.
_BACKEND = """\
import base64, hashlib, os, zipfile

NAME, VERSION, TAG, FILES = {name!r}, {version!r}, {tag!r}, {files!r}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    stem = "{stem}-" + VERSION
    info = stem + ".dist-info/"
    members = dict(FILES)
    members[info + "METADATA"] = "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: " + VERSION + "\\n"
    members[info + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: " + TAG + "\\n"
    record = ""
    filename = stem + "-" + TAG + ".whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as archive:
        for path, text in members.items():
            data = text.encode("utf-8")
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += path + ",sha256=" + digest + "," + str(len(data)) + "\\n"
            archive.writestr(path, data)
        archive.writestr(info + "RECORD", record + info + "RECORD,,\\n")
    return filename
"""

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "inplace"
backend-path = ["."]

[project]
name = "{name}"
version = "{version}"
"""


class Unseekable(io.RawIOBase):
    """A stream that only goes forward, to which zipfile writes sizes behind the data."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Take bytes."""
        assert isinstance(data, (bytes, bytearray, memoryview))
        self.data += data
        return len(data)


def metadata(name: str, version: str, *, requires: Sequence[str] = ()) -> bytes:
    """The METADATA of a wheel, which is also what an index serves beside it."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Summary: A fixture"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return ("\n".join(lines) + "\n\nA fixture.\n").encode()


def build_wheel(
    name: str,
    version: str,
    *,
    tags: Sequence[str] = ("py3-none-any",),
    build: str | None = None,
    requires: Sequence[str] = (),
    members: Mapping[str, bytes] | None = None,
) -> tuple[str, bytes]:
    """A wheel's file name and bytes.

    The name is kept as it is but for "-", as older builders left it. A tag may be compressed
    ("py2.py3-none-any"); several tags must combine into one file name.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    single = [tag for compressed in tags for tag in _expand(compressed)]
    head = ["Wheel-Version: 1.0", "Generator: fixture", "Root-Is-Purelib: true"]
    if build is not None:
        head.append(f"Build: {build}")
    head += [f"Tag: {tag}" for tag in single]
    content: dict[str, bytes] = {
        f"{_module(name)}/__init__.py": f"version = {version!r}\n".encode(),
        **(members or {}),
        f"{info}/METADATA": metadata(name, version, requires=requires),
        f"{info}/WHEEL": ("\n".join(head) + "\n").encode(),
    }
    rows = [f"{path},sha256={_record_digest(data)},{len(data)}\n" for path, data in content.items()]
    content[f"{info}/RECORD"] = ("".join(rows) + f"{info}/RECORD,,\n").encode()
    filename = "-".join([stem, *([build] if build is not None else []), _compress(single)]) + ".whl"
    return filename, _zip(content)


def build_sdist(
    name: str,
    version: str,
    *,
    fmt: SdistFormat = "tar.gz",
    folder: str | None = None,
    pkg_info: bool = True,
    tag: str = "py3-none-any",
    members: Mapping[str, bytes] | None = None,
) -> tuple[str, bytes]:
    """A source distribution's file name and bytes; pip 20.0 and newer build it without a network.

    `folder` is the top folder, "<name>-<version>" if not given; `tag` is that of the wheel it becomes.
    """
    stem = f"{name}-{version}"
    top = stem if folder is None else folder
    content = {f"{top}/{path}": data for path, data in source_tree(name, version, tag=tag).items()}
    if pkg_info:
        content[f"{top}/PKG-INFO"] = metadata(name, version)
    content |= {f"{top}/{path}": data for path, data in (members or {}).items()}
    filename = f"{stem}.{fmt}"
    match fmt:
        case "zip":
            return filename, _zip(content)
        case "tar.gz":
            return filename, gzip.compress(_tar(content), mtime=0)
        case "tar.bz2":
            return filename, bz2.compress(_tar(content))


def source_tree(name: str, version: str, *, tag: str = "py3-none-any") -> dict[str, bytes]:
    """The files of a project that builds itself, as an sdist or a repository holds them."""
    module = _module(name)
    backend = _BACKEND.format(
        name=name,
        version=version,
        tag=tag,
        stem=module,
        files={f"{module}/__init__.py": f"version = {version!r}\n"},
    )
    return {
        "pyproject.toml": _PYPROJECT.format(name=name, version=version).encode(),
        "inplace.py": backend.encode(),
        f"{module}/__init__.py": f"version = {version!r}\n".encode(),
    }


def normalise(name: str) -> str:
    """A project's name as indexes write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _module(name: str) -> str:
    return normalise(name).replace("-", "_")


def _expand(tag: str) -> list[str]:
    parts = [part.split(".") for part in tag.split("-")]
    return ["-".join(combination) for combination in itertools.product(*parts)]


def _compress(tags: Sequence[str]) -> str:
    columns = zip(*(tag.split("-") for tag in tags), strict=True)
    compressed = "-".join(".".join(dict.fromkeys(column)) for column in columns)
    if sorted(_expand(compressed)) != sorted(tags):
        raise ValueError(f"no single file name stands for the tags {list(tags)}")
    return compressed


def _record_digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _zip(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            member = zipfile.ZipInfo(path, _EPOCH)
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return buffer.getvalue()


def _tar(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in content.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
