"""Read CSV and TSV tables of bad files."""

import re
from collections.abc import Iterable, Sequence

from pipcache.advisories.model import AdvisoryError, Found, Indicator
from pipcache.advisories.plain_list import add_digest, add_url, read_entry
from pipcache.advisories.purl import is_purl, is_version, project_name, read_purl
from pipcache.advisories.references import digest_of, read_digest
from pipcache.util.hashes import algorithm_of
from pipcache.util.untrusted import told

_ROLES = {
    "name": {"name", "package", "package name", "artifact name", "project", "project name"},
    "versions": {
        *("version", "versions", "version(s)"),
        *(f"{what} version{s}" for what in ("affected", "malicious", "compromised", "package") for s in ("", "s")),
    },
    "ecosystem": {"ecosystem", "registry", "package manager"},
    "type": {"type", "artifact type", "indicator type", "ioc type"},
    "value": {"indicator", "ioc", "value", "indicator value", "ioc value"},
    "digest": {"hash", "digest", "checksum", "file hash"},
    "url": {"url", "download url", "file url"},
    "id": {"id", "advisory", "campaign", "advisory id"},
}

_PYPI = re.compile(r".*\bpypi\b.*|python|python (package|module|library)|pip( package)?")

_PACKAGE = {"package", "library", "module", "malicious package", "distribution", "release"}

_URLS = {"url", "uri", "download url", "file url"}

_DIGESTS = {"hash", "digest", "checksum", "file hash"}

_NEVER = re.compile(
    r"(?:.* )?(domain|host|hostname|fqdn|ip|ipv4|ipv6|ip address|c2|email|e mail|user agent|path|file ?path"
    r"|registry|registry key|mutex|process|command|wallet|port|certificate|account|user|username|env"
    r"|environment variable)"
    r"( name| address)?s?"
)

_ECOSYSTEM = re.compile(
    r".*\b(npm|rubygems|maven|nuget|packagist|crates ?io|crates\.io|open ?vsx|docker|github action)s?( package)?"
    r"|(pypi|gem|cargo|go|golang|composer|rust|vscode)( package| module| image| extension)?"
)

_EVERY = {"*", "all", "all versions"}


def is_table(first: str) -> bool:
    """True for the first line of a table: at least two cells, and columns that are known here."""
    cells = [_spelled(cell) for cell in first.split(_separator(first))]
    return len(cells) > 1 and bool({_role(cell) for cell in cells} & {"name", "value", "digest", "url"})


def _separator(first: str) -> str:
    return "\t" if "\t" in first and "," not in first else ","


def _spelled(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().strip('"').lower()).strip()


def _role(header: str) -> str | None:
    named = next((role for role, names in _ROLES.items() if header in names), None)
    return named or ("digest" if algorithm_of(header.replace(" ", "-")) else None)


class _Table:
    """One table: what its columns are for, and what its rows say."""

    def __init__(self, header: Sequence[str], source: str, found: Found) -> None:
        self.source, self.found = source, found
        self.names = [_spelled(cell) for cell in header]
        self.roles = [_role(name) for name in self.names]
        where = f"{source}, line 1"
        for role in set(self.roles) - {None, "digest", "url"}:
            if self.roles.count(role) > 1:
                raise AdvisoryError(f"{where} has two columns for the {role}; one was expected")
        if not {"name", "value", "digest", "url"} & set(self.roles):
            expected = "names, indicators, URLs or digests"
            raise AdvisoryError(f"{where} has no column for {expected}: {told(','.join(header))}")
        if "name" in self.roles and not {"versions", "value", "digest", "url"} & set(self.roles):
            raise AdvisoryError(f"{where} has no column for versions: {told(','.join(header))}")
        if unread := [name for name, role in zip(self.names, self.roles, strict=True) if role is None]:
            found.note(source, f"columns that are not read: {', '.join(map(told, unread))}")

    def read(self, cells: Sequence[str], number: int) -> None:
        """Take one row in."""
        where = f"{self.source}, line {number}"
        if len(cells) != len(self.roles):
            raise AdvisoryError(f"{where} has {len(cells)} cells; {len(self.roles)} were expected, as line 1 has")
        self.found.records += 1
        rows = list(zip(self.roles, self.names, (cell.strip() for cell in cells), strict=True))
        self._refuse_ecosystem([(name, cell) for role, name, cell in rows if role is None], where)
        row = {role: cell for role, _, cell in rows if role is not None and role not in {"digest", "url"}}
        digests = [(name, cell) for role, name, cell in rows if role == "digest" and cell]
        urls = [cell for role, _, cell in rows if role == "url" and cell]
        plain = Indicator(self.source, row.get("id") or f"line {number}")
        if not self._is_of_pypi(row, digests, urls, where, plain):
            return
        name, value, versions = (row.get(role, "") for role in ("name", "value", "versions"))
        if "versions" in self.roles and "name" not in self.roles:
            name, value = value, ""
        if value:
            self._value(value, where, plain)
        if versions and not name:
            raise AdvisoryError(f"{where} has a version and no name; both were expected")
        purl = read_purl(name, where) if is_purl(name) else None
        if purl is not None:
            versions = versions or purl.version or ""
            plain = plain._replace(project=purl.project, kinds=purl.kinds, filename=purl.filename)
        elif name:
            plain = plain._replace(project=project_name(name, where))
        if versions:
            self.found.add(_versions(versions, where, plain))
        if not (value or digests or urls or versions):
            raise AdvisoryError(f"{where} names no version, URL or digest; a version, or * for all, was expected")
        plain = plain._replace(kinds=frozenset(), filename=None)
        for column, cell in digests:
            self._digests(column, cell, where, plain)
        for url in urls:
            add_url(url, where, plain, self.found)

    def _value(self, text: str, where: str, plain: Indicator) -> None:
        """Take in a cell that can hold anything but a name alone: a damaged header has no column for versions."""
        before = len(self.found.indicators)
        read_entry(text, where, plain, self.found)
        if any(one.every_version for one in list(self.found.indicators)[before:]):
            raise AdvisoryError(f"{where}: {told(text)} names no version; name==version was expected")

    def _refuse_ecosystem(self, unread: Iterable[tuple[str, str]], where: str) -> None:
        """Refuse a table that tells ecosystems in a column of another name: its rows would all pass for PyPI's."""
        for name, cell in unread:
            if _ECOSYSTEM.fullmatch(_spelled(cell)):
                expected = "for one that tells the ecosystem, that name was expected"
                raise AdvisoryError(f"{where} has {told(cell)} in the column {told(name)}; {expected}")

    def _is_of_pypi(
        self,
        row: dict[str, str],
        digests: list[tuple[str, str]],
        urls: list[str],
        where: str,
        plain: Indicator,
    ) -> bool:
        """Return whether a row is about a package of PyPI's; what is not one is taken in, told or counted here."""
        kind, ecosystem = _spelled(row.get("type", "")), _spelled(row.get("ecosystem", ""))
        name = row.get("name", "")
        subject = row.get("value") or name
        if _NEVER.fullmatch(kind) and not _PYPI.fullmatch(ecosystem or "-"):
            self.found.never(plain.record, f"{kind} {subject}".strip())
        elif kind in _URLS and (subject or urls):
            for url in [subject] if subject else urls:
                add_url(url, where, plain, self.found)
        elif (kind in _DIGESTS or algorithm_of(kind.replace(" ", "-"))) and (subject or digests):
            for column, cell in [(kind, subject)] if subject else digests:
                self._digests(column, cell, where, plain)
        elif not ecosystem and not kind and {"type", "ecosystem"} & set(self.roles):
            raise AdvisoryError(f"{where} does not say which ecosystem it is about; pypi or another was expected")
        elif not ecosystem and kind and not _is_package(kind):
            self.found.never(plain.record, f"{kind} {subject}".strip())
        elif _is_foreign(kind, ecosystem) or (is_purl(name) and read_purl(name, where) is None):
            self.found.foreign += 1
        else:
            return True
        return False

    def _digests(self, column: str, cell: str, where: str, plain: Indicator) -> None:
        algorithm = algorithm_of(column.replace(" ", "-"))
        for text in filter(None, re.split(r"[\s,;|]+", cell)):
            if algorithm is not None and not re.match(r"(?i)[\w-]+[:=](?=.)", text):
                digest = digest_of(algorithm, text, where)
            elif (read := read_digest(text, where)) is not None:
                digest = read
            else:
                raise AdvisoryError(f"{where}: {told(text)} is no digest; hex or algorithm:hex was expected")
            add_digest(digest, plain, self.found)


def _is_package(kind: str) -> bool:
    """Return whether the type of a row is that of a package, of whatever ecosystem."""
    known = _PYPI.fullmatch(kind) or _ECOSYSTEM.fullmatch(kind) or kind in _PACKAGE
    return bool(known) or re.search("package|library|module|extension|image|chart", kind) is not None


def _is_foreign(kind: str, ecosystem: str) -> bool:
    """Return whether a row is of another ecosystem; a column for it knows better than one for the type."""
    if ecosystem:
        return not _PYPI.fullmatch(ecosystem)
    return bool(kind) and not _PYPI.fullmatch(kind) and kind not in _PACKAGE


def _versions(cell: str, where: str, plain: Indicator) -> Indicator:
    """Return what a cell says of versions: several, every one, or what specifiers allow."""
    if cell.lower() in _EVERY:
        return plain._replace(every_version=True)
    if re.search(r"[<>~!]", cell) and len(cell) < 1024:
        from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - most tables name versions

        try:
            return plain._replace(specifiers=str(SpecifierSet(cell)))
        except ValueError:
            raise AdvisoryError(
                f"{where}: {told(cell)} is no set of specifiers (PEP 440); one was expected"
            ) from None
    bare = re.sub(r"(^|[\s,;|])={1,3}\s*(?=\w)", r"\1", cell)
    versions = tuple(dict.fromkeys(filter(None, re.split(r"[\s,;|]+", bare))))
    if wrong := [version for version in versions if not is_version(version)]:
        raise AdvisoryError(f"{where}: {told(wrong[0])} is no version; versions, or * for all, were expected")
    if not versions or "\n" in cell or "\r" in cell:
        raise AdvisoryError(f"{where}: {told(cell)} are no versions; versions, or * for all, were expected")
    return plain._replace(versions=versions)


def read_table(text: str, source: str, found: Found) -> None:
    """Take in the rows of a table; its first line names the columns.

    A name with versions, each digest and each URL of a row are indicators of their own. Rows without a column for
    the ecosystem are taken to be about PyPI.

    Raises:
        AdvisoryError: it has no columns that are known, a row has other cells than the header, or says nothing.
    """
    import csv  # noqa: PLC0415 - most advisories are no tables
    import io  # noqa: PLC0415

    if not text.endswith(("\n", "\r")):
        raise AdvisoryError(f"{source}: its last line may be cut off; a line end was expected behind it")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text.partition("\n")[0]), strict=True)
    table: _Table | None = None
    last = 0
    try:
        for cells in reader:
            number, last = last + 1, reader.line_num
            if table is None:
                table = _Table(cells, source, found)
            elif any(cell.strip() for cell in cells):
                table.read(cells, number)
    except csv.Error as error:
        raise AdvisoryError(f"{source}, line {last + 1}: no CSV: {error}; a table was expected") from None
