"""Read plain lists: one requirement, package URL, digest or file URL a line.

A line is a requirement (``name==version``, ``name@version``, ``name>=1,<2``; a name alone means every version),
a file name, a URL, a package URL, a digest (also as ``sha256sum`` and RECORD write it), or what can match nothing
in a cache: a domain, an address, a path, an e-mail address. A name with a dot that ends as domains do counts as a
domain; ``zope-site`` is always a project. Other lines, such as prose, are refused: a comment begins with ``#``.
"""

import re

from packaging.requirements import Requirement

from pipcache.advisories.model import AdvisoriesBuilder, AdvisoryError, Indicator
from pipcache.advisories.purl import is_purl, is_version, project_name, read_purl
from pipcache.advisories.references import (
    Digest,
    about_file,
    digest_of,
    file_versions,
    is_distribution,
    is_foreign_digest,
    is_of_empty_file,
    read_digest,
    read_file_url,
    refang,
)
from pipcache.util.budget import TooMuchInItError
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import algorithm_of
from pipcache.util.textfile import MOST_LINES, has_too_many_lines, logical_lines
from pipcache.util.untrusted import quoted
from pipcache.util.urls import project_page

_LONGEST_ENTRY = 4096
"""Characters of an entry; the longest URLs have fewer."""

LONGEST_LINE = 256 << 10
"""Characters of a line with all its digests; the longest real ones have a tenth."""

_EXPECTED = "name==version, a name, a file's name, a URL or a digest was expected (a comment begins with #)"

_OPTION = re.compile(r"--?[A-Za-z]")

_HARMLESS = re.compile(
    r"(?:-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host|--no-binary|--only-binary|--no-index|--pre"
    r"|--prefer-binary|--require-hashes|--use-feature)(?:[=\s].*)?"
)

_OF_REQUIREMENTS = re.compile(r"(?:-C|--config-settings?|--global-option|--build-option|--install-option)[=\s]?.*")

_HASH = re.compile(r"""--hash(?:=|\s+)["']?([^"'\s]+)["']?""")


def read_list(text: str, source: str, builder: AdvisoriesBuilder) -> None:
    """Read a plain list or a requirements file.

    A line with ``--hash`` names files and not a version: each digest is an indicator. If the last line names
    versions, it needs a line end: what was cut off may have said which version.

    Raises:
        AdvisoryError: a line is not understood; the message has its number.
    """
    if has_too_many_lines(text):
        raise TooMuchInItError(f"more than {MOST_LINES:,} lines")
    lines = list(logical_lines(text))
    for number, line in lines:
        if len(line) > LONGEST_LINE:
            raise TooMuchInItError(f"more than {LONGEST_LINE:,} characters in line {number}")
        where = f"{source}, line {number}"
        if _HARMLESS.fullmatch(line):
            continue
        if _OPTION.match(line):
            raise AdvisoryError(
                f"{where}: {quoted(line)} names nothing bad; a requirement, URL or digest was expected"
            )
        builder.records += 1
        if not builder.selects(()):
            continue
        before = len(builder.indicators)
        _read_entry(line, where, Indicator(builder.name, f"line {number}"), builder)
        if (number, line) == lines[-1] and not text.endswith(("\n", "\r")):
            for indicator in list(builder.indicators)[before:]:
                if not (indicator.digests or indicator.urls):
                    raise AdvisoryError(
                        f"{where}: {quoted(line)} may be cut off; a line end was expected behind it"
                    )


def _read_entry(text: str, where: str, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add what a line names to ``indicator``, which has its source and line, and add it to ``builder``.

    Raises:
        AdvisoryError: the line is not understood.
    """
    wanted, *options = re.split(r"\s(?=--?[A-Za-z])", text)
    if len(wanted) > _LONGEST_ENTRY:
        raise AdvisoryError(f"{where}: {quoted(wanted)} has {len(wanted)} characters; {_EXPECTED}")
    if options:
        _hashed(wanted.strip(), [option.strip() for option in options], where, indicator, builder)
    elif is_purl(text):
        _add_purl(text, where, indicator, builder)
    elif (digest := _digest_line(text, where)) is not None:
        add_digest(digest[1], about_file(indicator, digest[0]), builder)
    elif is_foreign_digest(text):
        builder.cannot_match(indicator.record, f"digest {text}")
    elif (page := project_page(refang(text))) is not None:  # copied from a browser
        name, version = page
        _read_entry(name if version is None else f"{name}=={version}", where, indicator, builder)
    elif "://" in refang(text) and not _DIRECT.match(text) and not re.search(r"\s", text):
        add_url(text, where, indicator, builder)
    elif text.startswith("@") and "/" in text and not re.search(r"\s", text):
        builder.foreign += 1
    elif (address := _network(refang(text))) is not None:
        builder.cannot_match(indicator.record, address)
    elif is_distribution(re.split(r"[/\\]", text)[-1]) and not re.search(r"\s|@", text):
        add_filename(re.split(r"[/\\]", text)[-1], indicator, builder)
    elif re.search(r"[/\\]", text) and not re.search(r"\s", text):
        builder.cannot_match(indicator.record, f"path {text}")
    else:
        builder.add(_requirement(text, where, indicator))


def add_digest(digest: Digest, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add an indicator with a digest; that of an empty file is only noted."""
    if is_of_empty_file(digest):
        name, value = digest[0]
        builder.cannot_match(indicator.record, f"{name} {value} is of an empty file, as many good ones are")
    else:
        builder.add(indicator._replace(digests=digest))


def add_filename(filename: str, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add an indicator with the name of a wheel or sdist."""
    builder.add(indicator._replace(project=indicator.project or _project_of(filename), filename=filename))


def add_url(text: str, where: str, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add an indicator with the URL of a wheel or sdist; other URLs are only noted.

    Raises:
        AdvisoryError: the digest in the URL's fragment has a wrong length.
    """
    if (file := read_file_url(text, where)) is None:
        builder.cannot_match(indicator.record, f"URL {text}")
    else:
        add_filename(file.filename, indicator._replace(urls=file.urls, digests=file.digest), builder)


def _add_purl(text: str, where: str, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add an indicator with a package URL; without a version it means every version, as a name alone does."""
    if (purl := read_purl(text, where)) is None:
        builder.foreign += 1
        return
    if purl.unknown:
        builder.note(indicator.record, f"artifact_id={purl.unknown} is not known: any kind of file is meant")
    indicator = indicator._replace(project=purl.project, kinds=purl.kinds, filename=purl.filename)
    every = purl.version is None and purl.filename is None
    builder.add(indicator._replace(versions=(purl.version,) if purl.version else (), every_version=every))


def _project_of(filename: str) -> str | None:
    """Return the project of a wheel by its file name; None for an sdist, as its name is ambiguous."""
    parsed = parse_filename(filename)
    is_sure = parsed is not None and parsed.is_wheel and re.fullmatch(_BARE, parsed.project, re.ASCII)
    return normalise(parsed.project) if parsed is not None and is_sure else None


_SUM = re.compile(r"\\?([0-9A-Fa-f]{32,})[ \t]+\*?(\S.*)")

_BSD = re.compile(r"([A-Za-z0-9/-]+) \((.+)\) = ([0-9A-Fa-f]+)")

_RECORD = re.compile(r"""(.+),([A-Za-z0-9_]+)=([\w+/-]+=*),\d*""")


def _digest_line(text: str, where: str) -> tuple[str, Digest] | None:
    """Return (file name, digest) of a line with a digest, the name "" if there is none; None for other lines."""
    if (row := _RECORD.fullmatch(text)) is not None:
        if (name := algorithm_of(row[2])) is None:
            raise AdvisoryError(f"{where}: {quoted(row[2])} is no algorithm; a row of RECORD was expected")
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
    """Return a description of a domain, an IP or an e-mail address; None for other texts."""
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

_DIRECT = re.compile(rf"{_BARE}\s*+(?:\[[^\]]*\]\s*+)?@\s*[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)

_PINNED = re.compile(rf"({_BARE})\s*+(?:\[[^\]]*\]\s*+)?(?:={{2,3}}|@)\s*([^\s*,;]+)", re.ASCII)


def _requirement(text: str, where: str, indicator: Indicator) -> Indicator:
    """Return what a requirement names: its versions, its specifiers, or every version for a name alone."""
    text = text if _DIRECT.match(text) else text.partition(";")[0].strip()
    if re.fullmatch(r"[\d.]+", text):
        raise AdvisoryError(f"{where}: {quoted(text)} is a version without a project; {_EXPECTED}")
    if re.fullmatch(_BARE, text, re.ASCII):
        return indicator._replace(project=project_name(text, where), every_version=True)
    pinned = _PINNED.fullmatch(text)
    if pinned is not None and is_version(pinned[2]) and "://" not in text:
        return indicator._replace(project=project_name(pinned[1], where), versions=(pinned[2],))
    try:
        requirement = Requirement(re.split(r"\s;", text)[0])
    except (ValueError, RecursionError):
        raise AdvisoryError(f"{where}: {quoted(text)} is not understood; {_EXPECTED}") from None
    indicator = indicator._replace(project=project_name(requirement.name, where))
    if requirement.url is not None:
        if (file := read_file_url(requirement.url, where)) is None:
            raise AdvisoryError(
                f"{where}: {quoted(requirement.url)} is no URL of a wheel or sdist; one was expected"
            )
        if file.filename and file_versions(file.filename, indicator.project or "") is None:
            raise AdvisoryError(
                f"{where}: {quoted(file.filename)} is no file of {indicator.project}; they should agree"
            )
        return indicator._replace(filename=file.filename, urls=file.urls, digests=file.digest)
    if sum(pin.operator in {"==", "==="} for pin in requirement.specifier) > 1:
        raise AdvisoryError(f"{where}: {quoted(text)} asks for two versions at once; one a line was expected")
    if not requirement.specifier:
        return indicator._replace(every_version=True)
    return indicator._replace(specifiers=str(requirement.specifier))


def _hashed(wanted: str, options: list[str], where: str, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add the digests of a line with ``--hash``, and not the version that it names."""
    values = []
    for option in options:
        if (match := _HASH.fullmatch(option)) is not None:
            values.append(match[1])
        elif not _OF_REQUIREMENTS.fullmatch(option):
            raise AdvisoryError(f"{where}: {quoted(option)} is not understood; --hash=algorithm:hex was expected")
    if "://" not in wanted:
        project = _requirement(wanted, where, indicator).project
    elif _DIRECT.match(wanted):
        project = project_name(re.split(r"[\s\[@]", wanted)[0], where)
    else:
        project = _project_of(file.filename) if (file := read_file_url(wanted, where)) else None
    for value in values:
        name, colon, digits = value.partition(":")
        if not colon or (algorithm := algorithm_of(name)) is None:
            raise AdvisoryError(f"{where}: {quoted(value)} is no digest; --hash=algorithm:hex was expected")
        add_digest(digest_of(algorithm, digits, where), indicator._replace(project=project), builder)
    if not values:
        _read_entry(wanted, where, indicator, builder)
