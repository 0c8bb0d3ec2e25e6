"""OSV records (ossf.github.io/osv-schema, 1.7.5), with what malicious-packages and its sources add to them."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from pipcache.advisories.model import AdvisoryError, Found, Indicator, Range, in_order
from pipcache.advisories.purl import project_name, read_purl
from pipcache.advisories.references import (
    FileUrl,
    digest_of,
    file_versions,
    is_distribution,
    is_of_nothing,
    read_file_url,
)
from pipcache.advisories.strict import rows_in, table_in, text_in, texts_in
from pipcache.util.hashes import algorithm_of
from pipcache.util.untrusted import told
from pipcache.util.urls import file_urls
from pipcache.util.versions import parse_version

_RECORD = frozenset(
    {
        *(
            "schema_version",
            "id",
            "modified",
            "published",
            "withdrawn",
            "aliases",
            "upstream",
            "related",
            "summary",
        ),
        *("details", "severity", "affected", "references", "credits", "database_specific"),
    }
)

_AFFECTED = frozenset({"package", "severity", "ranges", "versions", "ecosystem_specific", "database_specific"})

_PACKAGE = frozenset({"ecosystem", "name", "purl"})

_RANGE = frozenset({"type", "repo", "events", "database_specific"})

_EVENTS = frozenset({"introduced", "fixed", "last_affected", "limit"})

_KNOWN = (1, 7)
"""The newest schema that is known here; a newer one may have more keys, the old ones keep their meaning."""


class _Record(NamedTuple):
    source: str
    name: str
    where: str
    is_newer: bool
    found: Found

    def check(self, table: Mapping[str, object], known: Collection[str], what: str) -> None:
        if unknown := sorted(table.keys() - known):
            if not self.is_newer:
                raise AdvisoryError(
                    f"{self.where}: {what} has the unknown key {told(unknown[0])}; OSV was expected"
                )
            self.found.note(self.name, f"{what} has keys of a newer schema: {', '.join(map(told, unknown))}")


def is_osv(document: Mapping[str, object]) -> bool:
    """True for what means to be an OSV record, by its keys."""
    return not document.keys().isdisjoint({"affected", "schema_version", "withdrawn"}) or (
        "id" in document and document.keys() <= _RECORD
    )


def read_osv(document: Mapping[str, object], source: str, number: int, found: Found) -> None:
    """Take the indicators of one record in; ``number`` is its place in the file, from 1.

    References count where they are URLs of files of an affected project, at an affected version.

    Raises:
        AdvisoryError: it has keys or types that no record has, or says what cannot be meant.
    """
    found.records += 1
    where = f"{source}, record {number}"
    if not isinstance(document.get("id"), str):
        raise AdvisoryError(f"{where}: its id is {told(document.get('id'))}; the id of an OSV record was expected")
    name = text_in(document, "id", where) or f"record {number}"
    where = f"{where} ({name})" if document["id"] else where
    record = _Record(source, name, where, _is_newer(text_in(document, "schema_version", where), where), found)
    record.check(document, _RECORD, "the record")
    if withdrawn := text_in(document, "withdrawn", where):
        if not re.match(r"\d{4}-\d\d-\d\d", withdrawn):
            raise AdvisoryError(f"{where}: withdrawn is {told(withdrawn)}; a date was expected")
        found.withdrawn.append(name)
        return
    rows = rows_in(document.get("affected"), f"{where}: affected")
    projects: dict[str, list[Indicator]] = {}
    for at, row in enumerate(rows):
        _affected(record, table_in(row, f"{where}: affected[{at}]"), f"affected[{at}]", projects)
    if not rows:
        found.never(name, "it names no package")
    for one in rows_in(document.get("references"), f"{where}: references"):
        _reference(record, text_in(table_in(one, f"{where}: references[]"), "url", where), projects)
    specific = table_in(document.get("database_specific"), f"{where}: database_specific")
    _clues(record, specific.get("iocs"), next(iter(projects)) if len(projects) == 1 else None)


def _is_newer(version: str, where: str) -> bool:
    if version and not re.fullmatch(r"\d{1,9}(\.\d{1,9}){1,2}(-\w+)?", version, re.ASCII):
        raise AdvisoryError(f"{where}: schema_version is {told(version)}; a version such as 1.7.5 was expected")
    return bool(version) and tuple(map(int, version.split(".")[:2])) > _KNOWN


def _affected(record: _Record, row: Mapping[str, object], what: str, projects: dict[str, list[Indicator]]) -> None:
    record.check(row, _AFFECTED, what)
    where = f"{record.where}: {what}"
    package = table_in(row.get("package"), f"{where}.package")
    record.check(package, _PACKAGE, f"{what}.package")
    ecosystem, purl_text = text_in(package, "ecosystem", where), text_in(package, "purl", where)
    if not ecosystem.strip() and package:
        raise AdvisoryError(f"{where}: the package has no ecosystem; PyPI or another one was expected")
    if ecosystem.partition(":")[0] != "PyPI":
        if ecosystem.partition(":")[0].strip().lower() in {"pypi", "pip"}:
            raise AdvisoryError(f"{where}: the ecosystem is {told(ecosystem)}; PyPI was expected")
        record.found.foreign += bool(package)
        if not package:
            record.found.never(record.name, f"{what} names no package")
        return
    project = project_name(text_in(package, "name", where), f"{where}.package.name")
    purl = read_purl(purl_text, f"{where}.package.purl") if purl_text else None
    if purl_text and (purl is None or purl.project != project):
        raise AdvisoryError(f"{where}: the purl {told(purl_text)} is not of {told(project)}; they should agree")
    if purl is not None and purl.unknown:
        record.found.note(record.name, f"artifact_id={purl.unknown} is not known: any kind of file is meant")
    versions = tuple(dict.fromkeys(texts_in(row.get("versions"), f"{where}.versions")))
    rows = rows_in(row.get("ranges"), f"{where}.ranges")
    ranges = [_range(record, table_in(one, f"{where}.ranges[{at}]"), project, at) for at, one in enumerate(rows)]
    if not versions and not rows and purl is not None and purl.version:
        versions = (purl.version,)
    one = Indicator(
        record.source,
        record.name,
        project,
        versions,
        tuple(one for one in ranges if one is not None),
        kinds=purl.kinds if purl is not None else frozenset(),
        filename=purl.filename if purl is not None else None,
    )
    projects.setdefault(project, []).append(one)
    if one.versions or one.ranges:
        record.found.add(one)
    else:
        record.found.never(record.name, f"{project} names no version that can be compared", project)
    specific = table_in(row.get("database_specific"), f"{where}.database_specific")
    _clues(record, specific.get("indicators"), project)


def _range(record: _Record, row: Mapping[str, object], project: str, at: int) -> Range | None:
    """Return a range of versions; None for one that cannot be compared with anything in a cache."""
    where = f"{record.where}: ranges[{at}] of {project}"
    record.check(row, _RANGE, f"ranges[{at}] of {project}")
    if (kind := text_in(row, "type", where)) not in {"ECOSYSTEM", "SEMVER", "GIT"}:
        raise AdvisoryError(f"{where}: its type is {told(kind)}; ECOSYSTEM, SEMVER or GIT was expected")
    events = []
    for event in rows_in(row.get("events"), f"{where}.events"):
        table = table_in(event, f"{where}.events[]")
        if len(table) != 1 or not table.keys() <= _EVENTS:
            keys = ", ".join(map(told, table)) or "nothing"
            raise AdvisoryError(f"{where}: an event has {keys}; one of {', '.join(sorted(_EVENTS))} was expected")
        ((what, value),) = table.items()
        if not isinstance(value, str) or not value.strip():
            raise AdvisoryError(f"{where}: {what} is {told(value)}; a version was expected")
        events.append((what, value))
    one = Range(tuple(events))
    if "introduced" not in dict(events):
        raise AdvisoryError(f"{where}: no event says introduced; one was expected before all others")
    if kind == "GIT":
        record.found.never(record.name, f"{project}, GIT range of {text_in(row, 'repo', where) or 'a repository'}")
        return None
    special = {("introduced", "0"), ("limit", "*")}
    if wrong := [value for what, value in events if (what, value) not in special and not parse_version(value)]:
        record.found.never(record.name, f"{project}, {one.text()}: {told(wrong[0])} is not PEP 440", project)
        return None
    if in_order(one.events)[0][0] != "introduced":
        raise AdvisoryError(f"{where}: {told(one.text())} does not begin with introduced; that was expected")
    return one


def _reference(record: _Record, url: str, projects: Mapping[str, Iterable[Indicator]]) -> None:
    if (file := read_file_url(url, record.where)) is None:
        return
    for project, affected in projects.items():
        if (versions := file_versions(file.filename, project)) is not None:
            if any(_says(one, version) for one in affected for version in versions):
                record.found.add(_of_url(record, file, project))
            else:
                record.found.note(record.name, f"{file.filename} is referred to, and of no affected version")


def _says(one: Indicator, version: str) -> bool:
    """Return whether a record affects a version; one that names none does not speak against it."""
    wanted = parse_version(version)
    listed = any(other == version or (wanted and parse_version(other) == wanted) for other in one.versions)
    return listed or any(one.contains(version) for one in one.ranges) or not (one.versions or one.ranges)


def _of_url(record: _Record, file: FileUrl, project: str | None) -> Indicator:
    return Indicator(
        record.source, record.name, project, filename=file.filename, urls=file.urls, digests=file.digest
    )


def _clues(record: _Record, clues: object, project: str | None) -> None:
    """Take in what sources of malicious-packages add: files and URLs; all else can match nothing in a cache.

    These tables are "under development" (docs/schema_additions.md there), so nothing in them is refused.
    """
    if not isinstance(clues, dict):
        if clues:
            record.found.never(record.name, "indicators in a form that is not known")
        return
    for key, values in clues.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                _file(record, key, value, project)
            elif isinstance(value, str) and "url" in key:
                _url(record, value, project)
            elif value is not None:
                record.found.never(
                    record.name, f"{_singular(key)} {value if isinstance(value, str) else ''}".strip()
                )


def _singular(key: str) -> str:
    known = {"ips": "IP", "ip_addresses": "IP"}
    return known.get(key) or key.removesuffix("s").replace("_", " ")


def _url(record: _Record, url: str, project: str | None) -> None:
    try:
        file = read_file_url(url, record.where)
    except AdvisoryError:
        file = None
    if file is None:
        record.found.never(record.name, f"URL {url}")
    else:
        record.found.add(_of_url(record, file, project))


def _file(record: _Record, key: str, row: Mapping[str, object], project: str | None) -> None:
    """Take in the digests of a file: an archive by its name, else a member, if it was in an archive at all."""
    named = next((row[one] for one in ("filename", "path", "name") if isinstance(row.get(one), str)), "")
    path = named if isinstance(named, str) else ""
    source = row.get("source")
    what = path or f"a file of {_singular(key)}"
    if isinstance(source, str) and source.lower() in {"downloaded", "generated"}:
        record.found.never(record.name, f"{what}, {source.lower()} at run time")
        return
    hashes = [row, *(row[one] for one in ("hashes", "digests") if one in row)]
    pairs = [pair for table in hashes if isinstance(table, dict) for pair in table.items()]
    is_archive = is_distribution(path)
    plain = Indicator(
        record.source,
        record.name,
        project,
        filename=path if is_archive else None,
        member=None if is_archive else path or None,
    )
    is_known = False
    for spelled, value in pairs:
        algorithm = algorithm_of(spelled)
        if algorithm is None or not isinstance(value, str):
            continue
        is_known = True
        try:
            digest = digest_of(algorithm, value, record.where)
        except AdvisoryError:
            record.found.never(record.name, f"{what}: {told(value)} is no {algorithm}")
            continue
        if is_of_nothing(digest):
            record.found.never(record.name, f"{what} is empty, as many good files are")
            continue
        urls = file_urls(digest[0][1], path) if algorithm == "blake2b_256" and is_archive else ()
        record.found.add(plain._replace(digests=digest, urls=tuple(urls)))
    if not is_known:
        record.found.never(record.name, f"{what}: no digest that can be compared")
