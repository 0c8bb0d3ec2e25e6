"""Read plain lists: one requirement, package URL, digest or file URL a line.

A line is a requirement (``name==version``, ``name@version``, ``name>=1,<2``; a name alone is every version of it),
a file name, a URL, a package URL, a digest (as ``sha256sum`` and RECORD write them too), or what can match nothing
in a cache: a domain, an address, a path, an e-mail address. A name with a dot that ends as domains do is taken for
a domain; ``zope-site`` is always a project. All else, prose above all, is refused: a comment begins with ``#``.
"""

import re

from pipcache.advisories.model import AdvisoryError, Found, Indicator
from pipcache.advisories.purl import is_purl, is_version, project_name, read_purl
from pipcache.advisories.references import (
    Digest,
    digest_of,
    file_versions,
    is_distribution,
    is_foreign_digest,
    is_of_nothing,
    read_digest,
    read_file_url,
    refang,
)
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import algorithm_of
from pipcache.util.textfile import logical_lines
from pipcache.util.untrusted import told

_MOST = 4096
"""Characters of one thing that is named; the longest URLs have fewer."""

_EXPECTED = "name==version, a name, a file's name, a URL or a digest was expected (a comment begins with #)"

_OPTION = re.compile(r"--?[A-Za-z]")

_HARMLESS = re.compile(
    r"(?:-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host|--no-binary|--only-binary|--no-index|--pre"
    r"|--prefer-binary|--require-hashes|--use-feature)(?:[=\s].*)?"
)

_OF_REQUIREMENTS = re.compile(r"(?:-C|--config-settings?|--global-option|--build-option|--install-option)[=\s]?.*")

_HASH = re.compile(r"""--hash(?:=|\s+)["']?([^"'\s]+)["']?""")


def read_list(text: str, source: str, found: Found) -> None:
    """Take in what a plain list or a requirements file names.

    A line with ``--hash`` names files and not a version: one indicator a digest. The last line needs its line end
    where it means versions.

    Raises:
        AdvisoryError: a line says nothing that is known here; it is told with its number.
    """
    lines = list(logical_lines(text))
    for number, line in lines:
        where = f"{source}, line {number}"
        if _HARMLESS.fullmatch(line):
            continue
        if _OPTION.match(line):
            raise AdvisoryError(
                f"{where}: {told(line)} names nothing bad; a requirement, URL or digest was expected"
            )
        found.records += 1
        before = len(found.indicators)
        read_entry(line, where, Indicator(source, f"line {number}"), found)
        if (number, line) == lines[-1] and not text.endswith(("\n", "\r")):
            for one in list(found.indicators)[before:]:
                if not (one.digests or one.urls):  # what was cut off may have said which version
                    raise AdvisoryError(f"{where}: {told(line)} may be cut off; a line end was expected behind it")


def read_entry(text: str, where: str, plain: Indicator, found: Found) -> None:
    """Take in what one line or cell names; ``plain`` holds the source and the record it is from.

    Raises:
        AdvisoryError: it says nothing that is known here.
    """
    wanted, *options = re.split(r"\s(?=--?[A-Za-z])", text)
    if len(wanted) > _MOST:
        raise AdvisoryError(f"{where}: {told(wanted)} has {len(wanted)} characters; {_EXPECTED}")
    if options:
        _hashed(wanted.strip(), [option.strip() for option in options], where, plain, found)
    elif is_purl(text):
        of_purl(text, where, plain, found)
    elif (digest := _digest_line(text, where)) is not None:
        name, of = digest
        is_archive = is_distribution(name)
        member = name if name and not is_archive else None
        add_digest(of, plain._replace(filename=name if is_archive else None, member=member), found)
    elif is_foreign_digest(text):
        found.never(plain.record, f"digest {text}")
    elif "://" in refang(text) and not _DIRECT.match(text) and not re.search(r"\s", text):
        add_url(text, where, plain, found)
    elif text.startswith("@") and "/" in text and not re.search(r"\s", text):
        found.foreign += 1
    elif (never := _network(refang(text))) is not None:
        found.never(plain.record, never)
    elif is_distribution(re.split(r"[/\\]", text)[-1]) and not re.search(r"\s|@", text):
        filename = re.split(r"[/\\]", text)[-1]
        found.add(plain._replace(project=_project_of(filename), filename=filename))
    elif re.search(r"[/\\]", text) and not re.search(r"\s", text):
        found.never(plain.record, f"path {text}")
    else:
        found.add(_requirement(text, where, plain))


def add_digest(digest: Digest, one: Indicator, found: Found) -> None:
    """Take a digest in, that of no bytes at all aside."""
    if is_of_nothing(digest):
        found.never(one.record, f"{digest[0][0]} {digest[0][1]} is of an empty file, as many good ones are")
    else:
        found.add(one._replace(digests=digest))


def add_url(text: str, where: str, one: Indicator, found: Found) -> None:
    """Take a file's URL in; all other URLs can match nothing."""
    if (file := read_file_url(text, where)) is None:
        found.never(one.record, f"URL {text}")
    else:
        project = one.project or _project_of(file.filename)
        found.add(one._replace(project=project, filename=file.filename, urls=file.urls, digests=file.digest))


def of_purl(text: str, where: str, one: Indicator, found: Found) -> None:
    """Take a package URL in; without a version it means every one, as a name alone does."""
    if (purl := read_purl(text, where)) is None:
        found.foreign += 1
        return
    if purl.unknown:
        found.note(one.record, f"artifact_id={purl.unknown} is not known: any kind of file is meant")
    one = one._replace(project=purl.project, kinds=purl.kinds, filename=purl.filename)
    every = purl.version is None and purl.filename is None
    found.add(one._replace(versions=(purl.version,) if purl.version else (), every_version=every))


def _project_of(filename: str) -> str | None:
    """Return the project that a file's name tells without doubt: that of a wheel."""
    parsed = parse_filename(filename)
    is_sure = parsed is not None and parsed.is_wheel and re.fullmatch(_BARE, parsed.project, re.ASCII)
    return normalise(parsed.project) if parsed is not None and is_sure else None


_SUM = re.compile(r"\\?([0-9A-Fa-f]{32,})[ \t]+\*?(\S.*)")

_BSD = re.compile(r"([A-Za-z0-9/-]+) \((.+)\) = ([0-9A-Fa-f]+)")

_RECORD = re.compile(r"""(.+),([A-Za-z0-9_]+)=([\w+/-]+=*),\d*""")


def _digest_line(text: str, where: str) -> tuple[str, Digest] | None:
    """Return (name, digest) of a line that is a digest, with a name or without one; None for all others."""
    if (row := _RECORD.fullmatch(text)) is not None:
        if (name := algorithm_of(row[2])) is None:
            raise AdvisoryError(f"{where}: {told(row[2])} is no algorithm; a row of RECORD was expected")
        return row[1].strip('"'), digest_of(name, row[3], where)
    if (bsd := _BSD.fullmatch(text)) is not None and (name := algorithm_of(bsd[1])) is not None:
        return re.split(r"[/\\]", bsd[2])[-1] if is_distribution(bsd[2]) else bsd[2], digest_of(
            name, bsd[3], where
        )
    listed = _SUM.fullmatch(text)
    if (digest := read_digest(listed[1] if listed is not None else text, where)) is None:
        return None
    name = listed[2].strip() if listed is not None else ""
    last = re.split(r"[/\\]", name)[-1]
    return (last if is_distribution(last) else name), digest


_ENDS = frozenset(
    re.findall(
        r"\w+",
        """com net org info biz edu gov mil int io co ai app dev cloud xyz top site online shop store club live pro
        me tv cc ws su ru cn ir kp tk ml ga cf gq pw in br de fr uk us eu nl pl jp kr hk tw vn tr ua kz to sh ly gg
        la space website tech icu fun lol link click zip mov example test invalid localhost local onion host art
        life world ink win bid trade stream download science work party""",
    )
)
"""Ends of names that are domains more often than projects; ``.py`` is not one of them."""

_HOST = re.compile(r"(?:\*\.)?((?:[A-Za-z0-9-]{1,63}\.)+([A-Za-z]{2,24}))\.?(:\d{1,5})?(/\S*)?")


def _network(text: str) -> str | None:
    """Return what to tell of a domain, an IP or an e-mail address; None for what is none."""
    if re.fullmatch(r"[^@\s]+@(?:[\w-]+\.)+[A-Za-z]{2,24}", text):
        return f"e-mail address {text}"
    if re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}(:\d{1,5})?(/\S*)?", text) or re.fullmatch(
        r"\[?([0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*\]?(:\d+)?(/\d+)?", text
    ):
        return f"IP {text}"
    match = _HOST.fullmatch(text)
    if match is None or match[2].lower() not in _ENDS or (is_distribution(text) and parse_filename(text)):
        return None
    hint = "" if match[3] or match[4] else f" (if it is a project, write {match[1].lower().replace('.', '-')})"
    return f"domain {text}{hint}"


_BARE = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"

_DIRECT = re.compile(rf"{_BARE}\s*(?:\[[^\]]*\])?\s*@\s*[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)

_PINNED = re.compile(rf"({_BARE})\s*(?:\[[^\]]*\])?\s*(?:={{2,3}}|@)\s*([^\s*,;]+)", re.ASCII)


def _requirement(text: str, where: str, plain: Indicator) -> Indicator:
    """Return what a requirement names: its versions, its specifiers, or every version for a name alone."""
    text = text if _DIRECT.match(text) else text.partition(";")[0].strip()
    if re.fullmatch(r"[\d.]+", text):
        raise AdvisoryError(f"{where}: {told(text)} is a version without a project; {_EXPECTED}")
    if re.fullmatch(_BARE, text, re.ASCII):
        return plain._replace(project=project_name(text, where), every_version=True)
    pinned = _PINNED.fullmatch(text)
    if pinned is not None and is_version(pinned[2]) and "://" not in text:
        return plain._replace(project=project_name(pinned[1], where), versions=(pinned[2],))
    from packaging.requirements import Requirement  # noqa: PLC0415 - most lines need none

    try:
        requirement = Requirement(re.split(r"\s;", text)[0])
    except (ValueError, RecursionError):
        raise AdvisoryError(f"{where}: {told(text)} is not understood; {_EXPECTED}") from None
    one = plain._replace(project=project_name(requirement.name, where))
    if requirement.url is not None:
        if (file := read_file_url(requirement.url, where)) is None:
            raise AdvisoryError(
                f"{where}: {told(requirement.url)} is no URL of a wheel or sdist; one was expected"
            )
        if file.filename and file_versions(file.filename, one.project or "") is None:
            raise AdvisoryError(f"{where}: {told(file.filename)} is no file of {one.project}; they should agree")
        return one._replace(filename=file.filename, urls=file.urls, digests=file.digest)
    if sum(pin.operator in {"==", "==="} for pin in requirement.specifier) > 1:
        raise AdvisoryError(f"{where}: {told(text)} asks for two versions at once; one a line was expected")
    if not requirement.specifier:
        return one._replace(every_version=True)
    return one._replace(specifiers=str(requirement.specifier))


def _hashed(wanted: str, options: list[str], where: str, plain: Indicator, found: Found) -> None:
    """Take in a line of pip's: what it hashes, and not the version it names."""
    values = []
    for option in options:
        if (match := _HASH.fullmatch(option)) is not None:
            values.append(match[1])
        elif not _OF_REQUIREMENTS.fullmatch(option):
            raise AdvisoryError(f"{where}: {told(option)} is not understood; --hash=algorithm:hex was expected")
    one = plain
    if "://" not in wanted:
        one = one._replace(project=_requirement(wanted, where, plain).project)
    elif _DIRECT.match(wanted):
        one = one._replace(project=project_name(re.split(r"[\s\[@]", wanted)[0], where))
    else:
        one = one._replace(project=_project_of(file.filename) if (file := read_file_url(wanted, where)) else None)
    for value in values:
        name, colon, digits = value.partition(":")
        if not colon or (algorithm := algorithm_of(name)) is None:
            raise AdvisoryError(f"{where}: {told(value)} is no digest; --hash=algorithm:hex was expected")
        add_digest(digest_of(algorithm, digits, where), one, found)
    if not values:
        read_entry(wanted, where, plain, found)
