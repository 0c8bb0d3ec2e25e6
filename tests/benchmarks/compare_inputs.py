"""What `compare_json` knows of a cache, and the selectors, lock files and advisories it makes of that."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Record = dict[str, Any]  # Any: an artifact as JSON has it


class Cache(NamedTuple):
    """What is known of a cache before the comparison starts: every artifact, and those ``show`` knows more of."""

    path: Path
    artifacts: Sequence[Record]  # of `list --all`
    shown: Sequence[Record]  # of `show '*'`: only artifacts with a name, but with digests and a verdict


def _digest(record: Record, name: str = "sha256") -> str | None:
    digest: str | None = (record.get("digests") or {}).get(name)
    return digest


def _base64url(record: Record) -> str | None:
    digest = _digest(record)
    return digest and "sha256=" + base64.urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()


def _requirement(record: Record, operator: str) -> str | None:
    if not (record["project"] and record["version"]):
        return None
    return f"{record['project']}{operator}{record['version']}"


def _tagged(record: Record, name: str) -> str | None:
    digest = _digest(record, name)
    return digest and f"{name}:{digest}"


SELECTORS: Mapping[str, Callable[[Record], str | None]] = {
    "name": lambda record: record["project"],
    "exactly": lambda record: _requirement(record, "=="),
    "at least": lambda record: _requirement(record, ">="),
    "other than": lambda record: _requirement(record, "!="),
    "pattern": lambda record: record["project"] and record["project"][:3] + "*",
    "filename": lambda record: record["filename"],
    "url": lambda record: record["url"],
    "source": lambda record: record["source"] and record["source"]["url"],
    "sha256": lambda record: _tagged(record, "sha256"),
    "blake2b": lambda record: _tagged(record, "blake2b_256"),
    "bare digest": lambda record: _digest(record, "md5"),
    "base64url": _base64url,
    "key": lambda record: record["key"],
}
"""Every form of a selector, made of an artifact; None where the artifact has none of it."""


def all_of(form: str, records: Iterable[Record]) -> tuple[str, ...]:
    """Return the selectors of one form that mean the artifacts, each once."""
    return tuple(dict.fromkeys(filter(None, map(SELECTORS[form], records))))


class _Pin(NamedTuple):
    """A file as a lock file names it."""

    project: str
    version: str
    filename: str
    url: str
    sha256: str

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")


def write_locks(shown: Iterable[Record], folder: Path) -> list[Path]:
    """Write lock files of each format out of a part of the cache; every seventh digest is wrong.

    The first one is requirements with ``--hash``, the last names projects only.
    """
    pins: list[_Pin] = []
    for record in shown:
        digest = _digest(record)
        if record["kind"] in {"wheel", "sdist"} and digest and record["url"] and record["version"]:
            wrong = digest[::-1] if len(pins) % 7 == 3 else digest
            pins.append(_Pin(record["project"], record["version"], record["filename"], record["url"], wrong))
    releases: dict[tuple[str, str], list[_Pin]] = {}
    for pin in pins[: len(pins) // 2 + 1]:
        releases.setdefault((pin.project, pin.version), []).append(pin)
    texts = {
        "requirements.txt": _requirements(releases),
        "pylock.toml": 'lock-version = "1.0"\ncreated-by = "compare"\n\n'
        + _toml(releases, "packages", _pylock_file),
        "uv.lock": 'version = 1\nrequires-python = ">=3.11"\n\n' + _toml(releases, "package", _uv_file),
        "poetry.lock": _toml(releases, "package", _poetry_file),
        "Pipfile.lock": _pipfile(releases),
        "names.txt": "".join(f"{project}\n" for project, _ in releases),
    }
    paths = []
    for name, text in texts.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


_Releases = Mapping[tuple[str, str], Sequence[_Pin]]


def _requirements(releases: _Releases) -> str:
    lines = (
        f"{project}=={version}" + "".join(f" \\\n    --hash=sha256:{pin.sha256}" for pin in pins)
        for (project, version), pins in releases.items()
    )
    return "\n".join(lines) + "\n"


def _toml(releases: _Releases, table: str, write_file: Callable[[str, _Pin], str]) -> str:
    return "\n".join(
        f'[[{table}]]\nname = "{project}"\nversion = "{version}"\n'
        + "".join(write_file(table, pin) for pin in pins)
        for (project, version), pins in releases.items()
    )


def _pylock_file(table: str, pin: _Pin) -> str:
    head = f"[[{table}.wheels]]" if pin.is_wheel else f"[{table}.sdist]"
    return f'{head}\nname = "{pin.filename}"\nurl = "{pin.url}"\nhashes = {{sha256 = "{pin.sha256}"}}\n'


def _uv_file(table: str, pin: _Pin) -> str:
    head = f"[[{table}.wheels]]" if pin.is_wheel else f"[{table}.sdist]"
    return f'{head}\nurl = "{pin.url}"\nhash = "sha256:{pin.sha256}"\n'


def _poetry_file(table: str, pin: _Pin) -> str:
    return f'[[{table}.files]]\nfile = "{pin.filename}"\nhash = "sha256:{pin.sha256}"\n'


def _pipfile(releases: _Releases) -> str:
    packages = {
        project: {"version": f"=={version}", "hashes": [f"sha256:{pin.sha256}" for pin in pins]}
        for (project, version), pins in releases.items()
    }
    return json.dumps({"_meta": {"hash": {"sha256": "0" * 64}, "pipfile-spec": 6}, "default": packages}, indent=1)


def write_advisories(cache: Cache, folder: Path) -> list[Path]:
    """Write advisories about a part of the cache: OSV, CSV, a plain list; they have a folder of their own."""
    folder = folder / "advisories"
    folder.mkdir()
    named = [
        record for record in cache.shown if record["version"] and record["kind"] in {"wheel", "sdist", "built"}
    ]
    named = named[:: max(1, len(named) // 12)]
    osv, table, plain = folder / "osv.json", folder / "table.csv", folder / "list.txt"
    osv.write_text(json.dumps(list(_osv(named)), indent=1), encoding="utf-8")
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "version", "sha256"))
        writer.writerows((record["project"], record["version"], _digest(record) or "") for record in named)
    plain.write_text("\n".join(_plain(cache, named)) + "\n", encoding="utf-8")
    return [osv, table, plain]


def _osv(records: Iterable[Record]) -> Iterator[Record]:
    for number, record in enumerate(records):
        project, version = record["project"], record["version"]
        affected: Record = {"package": {"ecosystem": "PyPI", "name": project}}
        written: Record = {
            "schema_version": "1.7.4",
            "id": f"MAL-2099-{number}",
            "modified": "2099-01-01T00:00:00Z",
            "published": "2099-01-01T00:00:00Z",
            "summary": f"Malicious code in {project}",
            "affected": [affected],
        }
        match number % 6:
            case 0:
                affected["versions"] = [version, "99.0"]
            case 1:
                events = [{"introduced": "0"}, {"last_affected": version}]
                affected["ranges"] = [{"type": "ECOSYSTEM", "events": events}]
            case 2:
                events = [{"introduced": version}, {"fixed": "9999"}]
                affected |= {"versions": [version], "ranges": [{"type": "ECOSYSTEM", "events": events}]}
            case 3:
                affected["versions"] = [version]
                written["withdrawn"] = "2099-02-01T00:00:00Z"
            case 4:
                affected["package"]["ecosystem"] = "npm"
                affected["versions"] = [version]
            case _:
                events = [{"introduced": "0"}]
                affected["ranges"] = [{"type": "ECOSYSTEM", "events": events}]
        yield written


def _plain(cache: Cache, records: Sequence[Record]) -> Iterator[str]:
    yield "# written for a comparison"
    forms = ("exactly", "filename", "url", "sha256", "base64url", "name")
    for number, record in enumerate(records):
        form = forms[number % len(forms)]
        yield from all_of(form, [record])
    yield "no-such-project-anywhere==1.0"
    yield "bad.example.com"
    if (member := _member_digest(cache)) is not None:
        yield f"sha256:{member}"


def _member_digest(cache: Cache) -> str | None:
    """Return the digest of a file inside a wheel that pip built, which only ``--deep`` finds."""
    for record in cache.shown:
        for file in record["files"] if record["kind"] == "built" else ():
            try:
                with open(cache.path / file, "rb", opener=_quietly) as data, zipfile.ZipFile(data) as archive:
                    return hashlib.sha256(archive.read(archive.namelist()[0])).hexdigest()
            except (OSError, zipfile.BadZipFile, IndexError):
                continue
    return None


def _quietly(path: str, flags: int) -> int:
    """Open a file without moving its last use, which the answers have."""
    return os.open(path, flags | getattr(os, "O_NOATIME", 0))
