"""Read OSV records (ossf.github.io/osv-schema, 1.7.5), with what the sources of malicious-packages add to them."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

from pipcache.advisories.model import (
    MOST_EVENTS,
    AdvisoriesBuilder,
    AdvisoryError,
    Event,
    Indicator,
    Range,
    in_order,
)
from pipcache.advisories.purl import Purl, project_name, read_purl
from pipcache.advisories.references import (
    FileUrl,
    about_file,
    digest_of,
    file_versions,
    is_of_empty_file,
    read_file_url,
)
from pipcache.util.budget import TooMuchInItError
from pipcache.util.hashes import algorithm_of
from pipcache.util.untrusted import Table, quoted
from pipcache.util.urls import file_urls
from pipcache.util.versions import affects, parse_version

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

_KNOWN_SCHEMA = (1, 7)
"""The newest schema that is known here; a newer schema may have more keys, the old ones keep their meaning."""


MOST_COMPARISONS = 1_000_000
"""References of a record, times the versions and ranges that each is compared with."""


class _Record(NamedTuple):
    """A record while it is read."""

    source: str
    name: str
    """Its id, or its number."""
    where: str
    is_newer: bool
    """Its schema is newer than the known one."""
    builder: AdvisoriesBuilder

    def check_keys(self, table: Table, known: frozenset[str]) -> None:
        """Refuse unknown keys; in a record of a newer schema note them.

        Raises:
            TableError: there is an unknown key, and the schema is known.
        """
        if not self.is_newer:
            table.check_keys(known)
        elif unknown := sorted(table.values.keys() - known):
            keys = ", ".join(map(quoted, unknown))
            self.builder.note(self.name, f"{table.path or 'the record'} has keys of a newer schema: {keys}")

    def cannot_match(self, text: str, project: str | None = None) -> None:
        """Note what can match nothing in a cache."""
        self.builder.cannot_match(self.name, text, project)


def is_osv(document: Table) -> bool:
    """Return whether a document looks like an OSV record, by its keys."""
    keys = document.values.keys()
    return not keys.isdisjoint({"affected", "schema_version", "withdrawn"}) or ("id" in keys and keys <= _RECORD)


def read_osv(document: Table, number: int, builder: AdvisoriesBuilder) -> None:
    """Read one record.

    A reference counts if it is the URL of a file of an affected project, at an affected version.

    Args:
        document: the record.
        number: its place in the file, from 1.
        builder: what collects the indicators.

    Raises:
        AdvisoryError: a value cannot be meant.
        TableError: a value has a wrong type, or a key is unknown.
    """
    builder.records += 1
    if not isinstance(identifier := document.values.get("id"), str):
        raise AdvisoryError(
            f"{document.place('id')} is {quoted(identifier)}; the id of an OSV record was expected"
        )
    if identifier:
        document = Table(document.values, f"{document.document} ({identifier})")
    if builder.is_selective:
        aliases = document.values.get("aliases")
        ids = [identifier, *(aliases if isinstance(aliases, list) else ())]
        if not builder.selects([text for text in ids if text and isinstance(text, str)]):
            return
    name = identifier or f"record {number}"
    record = _Record(builder.name, name, document.place(), _is_newer(document), builder)
    record.check_keys(document, _RECORD)
    if withdrawn := document.text("withdrawn"):
        if not re.match(r"\d{4}-\d\d-\d\d", withdrawn):
            raise AdvisoryError(f"{document.place('withdrawn')} is {quoted(withdrawn)}; a date was expected")
        builder.withdrawn.append(name)
        return
    projects: dict[str, list[Indicator]] = {}
    for row in document.tables("affected"):
        _affected(record, row, projects)
    if not document.values.get("affected"):
        record.cannot_match("it names no package")
    references = document.tables("references")
    compared = sum(1 + len(each.versions) + len(each.ranges) for every in projects.values() for each in every)
    if compared * len(references) > MOST_COMPARISONS:
        raise TooMuchInItError(
            f"more than {MOST_COMPARISONS:,} references with versions to compare, in {record.where}"
        )
    for row in references:
        _reference(record, row.text("url"), projects)
    clues = document.table("database_specific").values.get("iocs")
    _clues(record, clues, next(iter(projects)) if len(projects) == 1 else None)


def _is_newer(document: Table) -> bool:
    version = document.text("schema_version")
    if not version or version in _SCHEMAS:
        return False
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9}){1,2}(-\w+)?", version, re.ASCII):
        where = document.place("schema_version")
        raise AdvisoryError(f"{where} is {quoted(version)}; a version such as 1.7.5 was expected")
    return tuple(map(int, version.split(".")[:2])) > _KNOWN_SCHEMA


_SCHEMAS = frozenset(f"1.{minor}.{patch}" for minor in range(_KNOWN_SCHEMA[1] + 1) for patch in range(10))
"""Versions of known schemas: a dump of many records has few."""


def _affected(record: _Record, row: Table, projects: dict[str, list[Indicator]]) -> None:
    """Add a row of ``affected`` to the builder, and to the project's indicators in ``projects``."""
    record.check_keys(row, _AFFECTED)
    package = row.table("package")
    record.check_keys(package, _PACKAGE)
    if not _is_of_pypi(package):
        record.builder.foreign += bool(package.values)
        if not package.values:
            record.cannot_match(f"{row.path} names no package")
        return
    project = project_name(package.text("name"), package.place("name"))
    purl = _package_purl(record, package, project)
    versions = _versions(row, record.builder.texts)
    ranges = [_range(record, span, project) for span in row.tables("ranges")]
    if not versions and not ranges and purl is not None and purl.version:
        versions = (purl.version,)
    indicator = Indicator(
        record.source,
        record.name,
        project,
        versions,
        tuple(span for span in ranges if span is not None),
        kinds=purl.kinds if purl is not None else frozenset(),
        filename=purl.filename if purl is not None else None,
    )
    projects.setdefault(project, []).append(indicator)
    if indicator.versions or indicator.ranges:
        record.builder.add(indicator)
    else:
        record.cannot_match(f"{project} names no version that can be compared", project)
    _clues(record, row.table("database_specific").values.get("indicators"), project)


def _versions(row: Table, known: dict[str, str]) -> tuple[str, ...]:
    """Return the versions of a row of ``affected``, each once and as the object that it is in ``known``.

    Args:
        row: the row.
        known: the versions of all records, which are added; the same few thousand are in most of them.

    Raises:
        TableError: they are no list of texts.
    """
    values = row.rows("versions")
    try:
        return tuple(dict.fromkeys(map(known.__getitem__, cast(list[str], values))))
    except (KeyError, TypeError):  # new texts, or others than texts
        texts = row.texts("versions")
        return tuple(dict.fromkeys(map(known.setdefault, texts, texts)))


def _is_of_pypi(package: Table) -> bool:
    """Return whether a package is PyPI's.

    Raises:
        AdvisoryError: its ecosystem is missing, or PyPI in another spelling.
    """
    written = package.text("ecosystem")
    ecosystem = written.partition(":")[0]
    if package.values and not written.strip():
        raise AdvisoryError(f"{package.place()} has no ecosystem; PyPI or another one was expected")
    if ecosystem != "PyPI" and ecosystem.strip().lower() in {"pypi", "pip"}:
        raise AdvisoryError(f"{package.place('ecosystem')} is {quoted(written)}; PyPI was expected")
    return ecosystem == "PyPI"


def _package_purl(record: _Record, package: Table, project: str) -> Purl | None:
    text = package.text("purl")
    if not text or text == f"pkg:pypi/{project}":
        return None  # it says no more than the name
    purl = read_purl(text, package.place("purl"))
    if purl is None or purl.project != project:
        raise AdvisoryError(
            f"{package.place('purl')} {quoted(text)} is not of {quoted(project)}; they should agree"
        )
    if purl.unknown:
        record.builder.note(record.name, f"artifact_id={purl.unknown} is not known: any kind of file is meant")
    return purl


def _range(record: _Record, row: Table, project: str) -> Range | None:
    """Return a range of versions; None for a range that cannot be compared with anything in a cache."""
    record.check_keys(row, _RANGE)
    if (kind := row.text("type")) not in {"ECOSYSTEM", "SEMVER", "GIT"}:
        raise AdvisoryError(f"{row.place('type')} is {quoted(kind)}; ECOSYSTEM, SEMVER or GIT was expected")
    if len(row.rows("events")) > MOST_EVENTS:
        raise TooMuchInItError(f"more than {MOST_EVENTS:,} events in a range, in {record.where}")
    events = [_event(event) for event in row.tables("events")]
    span = Range(tuple(events))
    if "introduced" not in dict(events):
        raise AdvisoryError(f"{row.place('events')}: no event says introduced; one was expected before all others")
    if kind == "GIT":
        record.cannot_match(f"{project}, GIT range of {row.text('repo') or 'a repository'}")
        return None
    special = {("introduced", "0"), ("limit", "*")}
    if wrong := [
        version for event, version in events if (event, version) not in special and not parse_version(version)
    ]:
        record.cannot_match(f"{project}, {span.text()}: {quoted(wrong[0])} is not PEP 440", project)
        return None
    if kind == "SEMVER" and (other := [version for _, version in events if re.search(r"-\d+$", version)]):
        # such a version is a pre-release in SemVer, and a post-release in PEP 440
        record.cannot_match(f"{project}, {span.text()}: {quoted(other[0])} is another version in PEP 440", project)
        return None
    if in_order(span.events)[0][0] != "introduced":
        where = row.place("events")
        raise AdvisoryError(f"{where}: {quoted(span.text())} does not begin with introduced; that was expected")
    return span


def _event(row: Table) -> Event:
    if len(row.values) != 1 or not row.values.keys() <= _EVENTS:
        keys = ", ".join(map(quoted, row.values)) or "nothing"
        raise AdvisoryError(f"{row.place()} has {keys}; one of {', '.join(sorted(_EVENTS))} was expected")
    ((kind, version),) = row.values.items()
    if not isinstance(version, str) or not version.strip():
        raise AdvisoryError(f"{row.place(kind)} is {quoted(version)}; a version was expected")
    return kind, version


def _reference(record: _Record, url: str, projects: Mapping[str, Iterable[Indicator]]) -> None:
    if (file := read_file_url(url, record.where)) is None:
        return
    for project, indicators in projects.items():
        if (versions := file_versions(file.filename, project)) is not None:
            if any(_affects(indicator, version) for indicator in indicators for version in versions):
                record.builder.add(_of_url(record, file, project))
            else:
                record.builder.note(record.name, f"{file.filename} is referred to, and of no affected version")


def _affects(indicator: Indicator, version: str) -> bool:
    """Return whether an indicator affects a version; if it names no version, it may affect any."""
    listed = any(affects(other, version) for other in indicator.versions)
    in_range = any(span.contains(version) for span in indicator.ranges)
    return listed or in_range or not (indicator.versions or indicator.ranges)


def _of_url(record: _Record, file: FileUrl, project: str | None) -> Indicator:
    return Indicator(
        record.source, record.name, project, filename=file.filename, urls=file.urls, digests=file.digest
    )


def _clues(record: _Record, clues: object, project: str | None) -> None:
    """Add what sources of malicious-packages write beside the schema: files and URLs; the rest is only noted.

    These tables are "under development" (docs/schema_additions.md there), so nothing in them is refused.
    """
    if not isinstance(clues, dict):
        if clues:
            record.cannot_match("indicators in a form that is not known")
        return
    for key, values in clues.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                _file(record, key, Table(value, record.where), project)
            elif isinstance(value, str) and "url" in key:
                _url(record, value, project)
            elif value is not None:
                record.cannot_match(f"{_singular(key)} {value if isinstance(value, str) else ''}".strip())


def _singular(key: str) -> str:
    known = {"ips": "IP", "ip_addresses": "IP"}
    return known.get(key) or key.removesuffix("s").replace("_", " ")


def _url(record: _Record, url: str, project: str | None) -> None:
    try:
        file = read_file_url(url, record.where)
    except AdvisoryError:
        file = None
    if file is None:
        record.cannot_match(f"URL {url}")
    else:
        record.builder.add(_of_url(record, file, project))


def _file(record: _Record, key: str, row: Table, project: str | None) -> None:
    """Add the digests of a file: of an archive by its name, else of a member, unless it was in no archive."""
    path = next((text for name in ("filename", "path", "name") if (text := row.text_or_none(name))), "")
    origin = (row.text_or_none("source") or "").lower()
    description = path or f"a file of {_singular(key)}"
    if origin in {"downloaded", "generated"}:
        record.cannot_match(f"{description}, {origin} at run time")
        return
    indicator = about_file(Indicator(record.source, record.name, project), path)
    is_known = False
    for table in (row.values, row.values.get("hashes"), row.values.get("digests")):
        for spelled, value in table.items() if isinstance(table, dict) else ():
            if isinstance(value, str) and (algorithm := algorithm_of(spelled)) is not None:
                is_known = True
                _digest(record, algorithm, value, indicator, description)
    if not is_known:
        record.cannot_match(f"{description}: no digest that can be compared")


def _digest(record: _Record, algorithm: str, value: str, indicator: Indicator, description: str) -> None:
    try:
        digest = digest_of(algorithm, value, record.where)
    except AdvisoryError:
        record.cannot_match(f"{description}: {quoted(value)} is no {algorithm}")
        return
    if is_of_empty_file(digest):
        record.cannot_match(f"{description} is empty, as many good files are")
        return
    archive = indicator.filename
    urls = file_urls(digest[0][1], archive) if archive and algorithm == "blake2b_256" else ()
    record.builder.add(indicator._replace(digests=digest, urls=tuple(urls)))
