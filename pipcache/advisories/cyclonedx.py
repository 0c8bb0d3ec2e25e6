"""Read CycloneDX bills of materials in JSON (cyclonedx.org, 1.2 to 1.7): components and vulnerabilities."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.advisories.model import AdvisoryError, Found, Indicator
from pipcache.advisories.plain_list import add_digest, add_url
from pipcache.advisories.purl import Purl, is_purl, read_purl, read_vers
from pipcache.advisories.references import digest_of, read_file_url
from pipcache.advisories.strict import check_keys, rows_in, table_in, text_in
from pipcache.util.hashes import algorithm_of
from pipcache.util.untrusted import told
from pipcache.util.versions import parse_version

_TOP = frozenset(
    {
        *("$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "services"),
        *("externalReferences", "dependencies", "compositions", "vulnerabilities", "annotations", "formulation"),
        *("declarations", "definitions", "citations", "properties", "signature"),
    }
)

_VULNERABILITY = frozenset(
    {
        *("bom-ref", "id", "source", "references", "ratings", "cwes", "description", "detail", "recommendation"),
        *("workaround", "proofOfConcept", "advisories", "created", "published", "updated", "rejected", "credits"),
        *("tools", "analysis", "affects", "properties"),
    }
)

_ANALYSIS = frozenset({"state", "justification", "response", "detail", "firstIssued", "lastUpdated"})

_SPEAKS_FREE = {"resolved", "resolved_with_pedigree", "false_positive", "not_affected"}

_STATES = {"", "exploitable", "in_triage"} | _SPEAKS_FREE


class _Component(NamedTuple):
    table: Mapping[str, object]
    where: str
    is_subject: bool  # what the whole bill is about


def read_cyclonedx(document: Mapping[str, object], source: str, found: Found) -> None:
    """Take in what vulnerabilities affect; of a bill without that list, every component.

    Hashes and URLs count where the version of the component itself is affected: those of the component, and of its
    external references of type distribution.

    Raises:
        AdvisoryError: it is cut off or damaged, or a vulnerability affects what it does not name.
    """
    if text_in(document, "bomFormat", source) != "CycloneDX" or not text_in(document, "specVersion", source):
        raise AdvisoryError(f"{source}: bomFormat or specVersion is missing; CycloneDX was expected")
    check_keys(document, _TOP, source)
    components = list(_components(document, source))
    if "vulnerabilities" not in document:
        _all(components, source, found)
        return
    rows = rows_in(document["vulnerabilities"], f"{source}: vulnerabilities")
    refs = _refs(components, document, source)
    for number, row in enumerate(rows, 1):
        found.records += 1
        where = f"{source}: vulnerabilities[{number - 1}]"
        _vulnerability(table_in(row, where), where, Indicator(source, f"record {number}"), refs, found)


def _components(document: Mapping[str, object], source: str) -> Iterator[_Component]:
    """Yield every component, those inside of others too."""
    subject = table_in(document.get("metadata"), f"{source}: metadata").get("component")
    waiting = [(subject, f"{source}: metadata.component", True)] if subject is not None else []
    waiting += [
        (row, f"{source}: components[{at}]", False)
        for at, row in enumerate(rows_in(document.get("components"), f"{source}: components"))
    ]
    waiting.reverse()
    while waiting:
        row, where, is_subject = waiting.pop()
        component = table_in(row, where)
        yield _Component(component, where, is_subject)
        below = rows_in(component.get("components"), f"{where}.components")
        waiting += [(one, f"{where}.components[{at}]", False) for at, one in enumerate(below)][::-1]


def _all(components: Sequence[_Component], source: str, found: Found) -> None:
    without = 0
    if not components:
        raise AdvisoryError(f"{source} has neither components nor vulnerabilities; one of them was expected")
    for number, component in enumerate((one for one in components if not one.is_subject), 1):
        found.records += 1
        text = text_in(component.table, "purl", component.where)
        without += not text
        if text and (purl := read_purl(text, component.where)) is not None:
            plain = _named(Indicator(source, f"record {number}"), purl)
            version = purl.version or text_in(component.table, "version", component.where)
            if version or purl.filename:
                found.add(plain._replace(versions=(version,) if version else ()))
            else:
                found.never(plain.record, f"{purl.project} names no version", purl.project)
            _files(component, plain, found)
        elif text:
            found.foreign += 1
    if without:
        found.note(source, f"{without} components have no purl and are not looked for")


def _named(plain: Indicator, purl: Purl) -> Indicator:
    return plain._replace(project=purl.project, kinds=purl.kinds, filename=purl.filename)


def _files(component: _Component, plain: Indicator, found: Found) -> None:
    """Take in the digests and the URLs of a component's files."""
    bare = plain._replace(kinds=frozenset(), filename=None)
    _hashes(component.table, component.where, bare, found)
    for row in rows_in(component.table.get("externalReferences"), f"{component.where}.externalReferences"):
        reference = table_in(row, f"{component.where}.externalReferences[]")
        if text_in(reference, "type", component.where) == "distribution":
            _hashes(reference, component.where, bare, found)
            url = text_in(reference, "url", component.where)
            if read_file_url(url, component.where) is not None:
                add_url(url, component.where, bare, found)


def _hashes(table: Mapping[str, object], where: str, plain: Indicator, found: Found) -> None:
    for row in rows_in(table.get("hashes"), f"{where}.hashes"):
        pair = table_in(row, f"{where}.hashes[]")
        name, value = text_in(pair, "alg", where), text_in(pair, "content", where)
        if not name or not value:
            raise AdvisoryError(f"{where}: a hash has no alg or no content; both were expected")
        if (algorithm := algorithm_of(name)) is None:
            found.never(plain.record, f"digest {name} {value}")
        else:
            add_digest(digest_of(algorithm, value, where), plain, found)


_Refs = Mapping[str, Sequence[_Component]]


def _refs(components: Sequence[_Component], document: Mapping[str, object], source: str) -> _Refs:
    """Return components by bom-ref and by purl; services, which have no files, as nothing."""
    refs: dict[str, list[_Component]] = {}
    for component in components:
        if ref := text_in(component.table, "bom-ref", component.where):
            if ref in refs:
                raise AdvisoryError(
                    f"{component.where}: the bom-ref {told(ref)} stands twice; it was expected once"
                )
            refs[ref] = [component]
    by_purl: dict[str, list[_Component]] = {}
    for component in components:
        if purl := text_in(component.table, "purl", component.where):
            by_purl.setdefault(purl, []).append(component)
    for row in rows_in(document.get("services"), f"{source}: services"):
        refs.setdefault(text_in(table_in(row, f"{source}: services[]"), "bom-ref", source), [])
    return by_purl | refs


def _vulnerability(row: Mapping[str, object], where: str, plain: Indicator, refs: _Refs, found: Found) -> None:
    check_keys(row, _VULNERABILITY, where)
    name = text_in(row, "id", where) or text_in(row, "bom-ref", where) or plain.record
    plain = plain._replace(record=name)
    if text_in(row, "rejected", where):
        found.withdrawn.append(name)
        return
    analysis = table_in(row.get("analysis"), f"{where}.analysis")
    check_keys(analysis, _ANALYSIS, f"{where}.analysis")
    if (state := text_in(analysis, "state", where)) not in _STATES:
        expected = ", ".join(sorted(_STATES - {""}))
        raise AdvisoryError(f"{where}: its state is {told(state)}; one of {expected} was expected")
    affects = rows_in(row.get("affects"), f"{where}.affects")
    if state in _SPEAKS_FREE:
        found.note(name, f"its analysis says {state}: skipped")
        return
    if not affects:
        found.never(name, "it names no component")
    for one in affects:
        target = table_in(one, f"{where}.affects[]")
        check_keys(target, {"ref", "versions"}, f"{where}.affects[]")
        ref = text_in(target, "ref", where)
        if not ref:
            raise AdvisoryError(f"{where}: what it affects has no ref; a bom-ref was expected")
        versions = rows_in(target.get("versions"), f"{where}.affects[].versions")
        components = refs.get(ref, refs.get(ref.partition("#")[2]) if ref.startswith("urn:cdx:") else None)
        if components is None and is_purl(ref):
            components = [_Component({"purl": ref}, f"{where}.affects[]", is_subject=False)]
        if components is None and not ref.startswith("urn:cdx:"):
            raise AdvisoryError(
                f"{where}: it affects {told(ref)}, which is no component here; a bom-ref was expected"
            )
        if not components:
            found.never(name, f"{ref} is no package")
        for component in components or ():
            _affected(component, versions, where, plain, found)


def _affected(component: _Component, rows: Sequence[object], where: str, plain: Indicator, found: Found) -> None:
    text = text_in(component.table, "purl", component.where)
    if not text:
        found.never(
            plain.record, f"{text_in(component.table, 'name', component.where) or 'a component'} has no purl"
        )
        return
    if (purl := read_purl(text, component.where)) is None:
        found.foreign += 1
        return
    plain = _named(plain, purl)
    own = purl.version or text_in(component.table, "version", component.where)
    if not rows:
        if own or purl.filename:
            found.add(plain._replace(versions=(own,) if own else ()))
        else:
            found.never(plain.record, f"{purl.project} names no version", purl.project)
        _files(component, plain, found)
    for row in rows:
        table = table_in(row, f"{where}.affects[].versions[]")
        check_keys(table, {"version", "range", "status"}, f"{where}.affects[].versions[]")
        version, span = text_in(table, "version", where), text_in(table, "range", where)
        status = text_in(table, "status", where) or "affected"
        if status not in {"affected", "unaffected", "unknown"} or bool(version) == bool(span):
            expected = "a version or a range that is affected, unaffected or unknown"
            raise AdvisoryError(f"{where}: {told(version or span)} is {told(status)}; {expected} was expected")
        if status != "affected":
            found.note(plain.record, f"{purl.project} {version or span}: {status}, skipped")
        elif version:
            found.add(plain._replace(versions=(version,), filename=purl.filename if version == own else None))
            if own and (version == own or (parse_version(own) and parse_version(own) == parse_version(version))):
                _files(component, plain, found)
        elif (read := read_vers(span, where)) is None:
            found.never(plain.record, f"{purl.project} {span}: not an interval of pypi's versions", purl.project)
        else:
            found.add(plain._replace(versions=read[0], specifiers=read[1], every_version=read[2], filename=None))
