"""Read CSV and TSV tables of what is bad: a release or a file a row, in columns with exact names."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from packaging.specifiers import SpecifierSet

from pipcache.advisories.model import AdvisoriesBuilder, AdvisoryError, Indicator
from pipcache.advisories.plain_list import add_digest, add_filename, add_url
from pipcache.advisories.purl import is_purl, is_version, project_name, read_purl
from pipcache.advisories.references import (
    Digest,
    about_file,
    digest_of,
    file_versions,
    is_distribution,
    read_digest,
)
from pipcache.util.hashes import DIGITS
from pipcache.util.untrusted import quoted

_COLUMNS = {
    **dict.fromkeys(("name", "package", "project"), "name"),
    **dict.fromkeys(("version", "versions"), "version"),
    **{header: header for header in ("filename", "url", "hash", *DIGITS)},
}
"""The accepted headers, in lower case, and what their columns are for."""

_ALL_HEADERS = ", ".join(_COLUMNS)

_EVERY_VERSION = {"*", "all", "all versions"}


def is_table(first: str) -> bool:
    """Return whether a first line is that of a table: at least two cells, and an accepted header among them."""
    cells = [cell.strip().strip('"').lower() for cell in first.split(_separator(first))]
    return len(cells) > 1 and not _COLUMNS.keys().isdisjoint(cells)


def _separator(first: str) -> str:
    return "\t" if "\t" in first and "," not in first else ","


def read_table(text: str, source: str, builder: AdvisoriesBuilder) -> None:
    """Read the rows of a table; its first line names the columns.

    A project's versions, each digest and each URL of a row are indicators of their own. A file name says which
    file the digests are of; in a row without version, digest and URL it is an indicator. All rows are about PyPI.

    Raises:
        AdvisoryError: a header is unknown, a row has other cells than the header, or a row says nothing.
    """
    if not text.endswith(("\n", "\r")):
        raise AdvisoryError(f"{source}: its last line may be cut off; a line end was expected behind it")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text.partition("\n")[0]), strict=True)
    columns: list[str] = []
    last = 0
    try:
        for cells in reader:
            number, last = last + 1, reader.line_num
            where = f"{source}, line {number}"
            if not columns:
                columns = _columns(cells, where)
            elif any(cell.strip() for cell in cells):
                if len(cells) != len(columns):
                    raise AdvisoryError(
                        f"{where} has {len(cells)} cells; {len(columns)} were expected, as line 1 has"
                    )
                builder.records += 1
                if not builder.selects(()):
                    continue
                row = dict(zip(columns, map(str.strip, cells), strict=True))
                _read_row(row, where, Indicator(builder.name, f"line {number}"), builder)
    except csv.Error as error:
        raise AdvisoryError(f"{source}, line {last + 1}: no CSV: {error}; a table was expected") from None


def _columns(header: Sequence[str], where: str) -> list[str]:
    """Return what each column is for: "name", "version", "filename", "url", "hash" or an algorithm of digests."""
    names = [cell.strip().lower() for cell in header]
    if unknown := [name for name in names if name not in _COLUMNS]:
        raise AdvisoryError(
            f"{where} has the unknown header {quoted(unknown[0])}; the accepted headers are {_ALL_HEADERS}"
        )
    columns = [_COLUMNS[name] for name in names]
    if repeated := [column for column, count in Counter(columns).items() if count > 1]:
        raise AdvisoryError(f"{where} has two columns for the {repeated[0]}; one was expected")
    if set(columns) == {"name"} or ("version" in columns and "name" not in columns):
        raise AdvisoryError(f"{where} has no column for the {'version' if 'name' in columns else 'name'}")
    return columns


def _read_row(row: Mapping[str, str], where: str, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    name, version, filename, url = (row.get(column, "") for column in ("name", "version", "filename", "url"))
    digests = [_digest(column, row[column], where) for column in ("hash", *DIGITS) if row.get(column)]
    purl = read_purl(name, where) if is_purl(name) else None
    if purl is not None:
        version = version or purl.version or ""
        indicator = indicator._replace(project=purl.project)
    elif is_purl(name):
        builder.foreign += 1
        return
    elif name:
        indicator = indicator._replace(project=project_name(name, where))
    elif version:
        raise AdvisoryError(f"{where} has a version and no name; both were expected")
    if not (version or filename or url or digests):
        raise AdvisoryError(
            f"{where} names no version, file, URL or digest; a version, or * for all, was expected"
        )
    if is_distribution(filename) and indicator.project and file_versions(filename, indicator.project) is None:
        raise AdvisoryError(f"{where}: {quoted(filename)} is no file of {indicator.project}; they should agree")
    if version:
        of_kinds = indicator._replace(kinds=purl.kinds, filename=purl.filename) if purl is not None else indicator
        builder.add(_with_versions(of_kinds, version, where))
    _add_digests(digests, filename, indicator, builder)
    if url:
        add_url(url, where, indicator, builder)
    if filename and not (version or url or digests):
        if not is_distribution(filename):
            raise AdvisoryError(f"{where}: {quoted(filename)} is no wheel or sdist; the name of one was expected")
        add_filename(filename, indicator, builder)


def _add_digests(
    digests: Iterable[Digest], filename: str, indicator: Indicator, builder: AdvisoriesBuilder
) -> None:
    """Add indicators for the digests of a file; a bare name that is no distribution's is of a member or a file."""
    last_part = filename.rpartition("/")[2]
    for digest in digests:
        add_digest(digest, about_file(indicator, last_part if is_distribution(last_part) else filename), builder)
        if filename == last_part != "" and not is_distribution(filename):
            add_digest(digest, about_file(indicator, ""), builder)


def _digest(column: str, text: str, where: str) -> Digest:
    if column != "hash":
        return digest_of(column, text.removeprefix(f"{column}:"), where)
    if (digest := read_digest(text, where)) is None:
        raise AdvisoryError(f"{where}: {quoted(text)} is no digest; hex or algorithm:hex was expected")
    return digest


def _with_versions(indicator: Indicator, cell: str, where: str) -> Indicator:
    """Return the indicator with what a cell says of versions: several, every version, or specifiers."""
    if cell.lower() in _EVERY_VERSION:
        return indicator._replace(every_version=True)
    if re.search(r"[<>~]|!=", cell) and len(cell) < 1024:  # a ! alone is that of an epoch
        try:
            return indicator._replace(specifiers=str(SpecifierSet(cell)))
        except ValueError:
            raise AdvisoryError(
                f"{where}: {quoted(cell)} is no set of specifiers (PEP 440); versions were expected"
            ) from None
    bare = re.sub(r"(^|[\s,;|])={1,3}\s*(?=\w)", r"\1", cell)
    versions = tuple(dict.fromkeys(filter(None, re.split(r"[\s,;|]+", bare))))
    if wrong := [version for version in versions if not is_version(version)]:
        raise AdvisoryError(f"{where}: {quoted(wrong[0])} is no version; versions, or * for all, were expected")
    if not versions or "\n" in cell or "\r" in cell:
        raise AdvisoryError(f"{where}: {quoted(cell)} are no versions; versions, or * for all, were expected")
    return indicator._replace(versions=versions)
