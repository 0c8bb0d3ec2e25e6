"""Read CycloneDX bills of materials in JSON (cyclonedx.org, 1.2 to 1.7): components and vulnerabilities."""

from collections.abc import Iterator, Mapping, Sequence

from pipcache.advisories.model import AdvisoriesBuilder, AdvisoryError, Indicator
from pipcache.advisories.plain_list import add_digest, add_url
from pipcache.advisories.purl import Purl, is_purl, read_purl, read_vers
from pipcache.advisories.references import digest_of, read_file_url
from pipcache.util.hashes import algorithm_of
from pipcache.util.untrusted import Table, quoted
from pipcache.util.versions import affects

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

_NOT_AFFECTED = {"resolved", "resolved_with_pedigree", "false_positive", "not_affected"}

_STATES = {"", "exploitable", "in_triage"} | _NOT_AFFECTED


def read_cyclonedx(document: Table, builder: AdvisoriesBuilder) -> None:
    """Read what the vulnerabilities of a bill affect; of a bill without that list, every component.

    The subject of the bill itself, ``metadata.component``, counts only if a vulnerability affects it. Hashes and
    URLs count if the version of the component itself is affected: those of the component, and of its external
    references of type distribution.

    Raises:
        AdvisoryError: the bill is cut off or damaged, or a vulnerability affects an unknown component.
        TableError: a value has a wrong type, or a key is unknown.
    """
    source = document.document
    if document.text("bomFormat") != "CycloneDX" or not document.text("specVersion"):
        raise AdvisoryError(f"{source}: bomFormat or specVersion is missing; CycloneDX was expected")
    document.check_keys(_TOP)
    metadata = document.table("metadata")
    subjects = [metadata.table("component")] if metadata.values.get("component") is not None else []
    components = list(_with_inner([*subjects, *document.tables("components")]))
    if "vulnerabilities" not in document.values:
        if not components:
            raise AdvisoryError(f"{source} has neither components nor vulnerabilities; one of them was expected")
        _every_component([component for component in components if component not in subjects], builder)
        return
    by_ref = _components_by_ref(components, document)
    for number, vulnerability in enumerate(document.tables("vulnerabilities"), 1):
        builder.records += 1
        _vulnerability(vulnerability, Indicator(builder.name, f"record {number}"), by_ref, builder)


def _with_inner(components: Sequence[Table]) -> Iterator[Table]:
    """Yield components, each followed by the components inside it."""
    waiting = [*reversed(components)]
    while waiting:
        component = waiting.pop()
        yield component
        waiting += reversed(component.tables("components"))


def _every_component(components: Sequence[Table], builder: AdvisoriesBuilder) -> None:
    without_purl = 0
    for number, component in enumerate(components, 1):
        builder.records += 1
        if not builder.selects(()):
            continue
        text = component.text("purl")
        if not text:
            without_purl += 1
        elif (purl := read_purl(text, component.place("purl"))) is None:
            builder.foreign += 1
        else:
            _own_version(component, purl, _with_purl(Indicator(builder.name, f"record {number}"), purl), builder)
    if without_purl:
        builder.note(builder.name, f"{without_purl} components have no purl and are not looked for")


def _own_version(component: Table, purl: Purl, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add the version that a component itself has, and its files."""
    if version := purl.version or component.text("version"):
        builder.add(indicator._replace(versions=(version,)))
    elif purl.filename:
        builder.add(indicator)
    else:
        builder.cannot_match(indicator.record, f"{purl.project} names no version", purl.project)
    _files(component, indicator, builder)


def _with_purl(indicator: Indicator, purl: Purl) -> Indicator:
    return indicator._replace(project=purl.project, kinds=purl.kinds, filename=purl.filename)


def _files(component: Table, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add the digests and the URLs of a component's files."""
    indicator = indicator._replace(kinds=frozenset(), filename=None)
    _hashes(component, indicator, builder)
    for reference in component.tables("externalReferences"):
        if reference.text("type") == "distribution":
            _hashes(reference, indicator, builder)
            url, where = reference.text("url"), reference.place("url")
            if read_file_url(url, where) is not None:
                add_url(url, where, indicator, builder)


def _hashes(table: Table, indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    for pair in table.tables("hashes"):
        name, value = pair.text("alg"), pair.text("content")
        if not name or not value:
            raise AdvisoryError(f"{pair.place()} has no alg or no content; both were expected")
        if (algorithm := algorithm_of(name)) is None:
            builder.cannot_match(indicator.record, f"digest {name} {value}")
        else:
            add_digest(digest_of(algorithm, value, pair.place("content")), indicator, builder)


_Refs = Mapping[str, Sequence[Table]]


def _components_by_ref(components: Sequence[Table], document: Table) -> _Refs:
    """Return components by bom-ref and by purl; services, which have no files, as no components."""
    by_ref: dict[str, list[Table]] = {}
    by_purl: dict[str, list[Table]] = {}
    for component in components:
        if ref := component.text("bom-ref"):
            if ref in by_ref:
                raise AdvisoryError(
                    f"{component.place('bom-ref')}: {quoted(ref)} stands twice; it was expected once"
                )
            by_ref[ref] = [component]
        if purl := component.text("purl"):
            by_purl.setdefault(purl, []).append(component)
    for service in document.tables("services"):
        by_ref.setdefault(service.text("bom-ref"), [])
    return by_purl | by_ref


def _vulnerability(row: Table, indicator: Indicator, by_ref: _Refs, builder: AdvisoriesBuilder) -> None:
    row.check_keys(_VULNERABILITY)
    if builder.is_selective:
        others = (reference.text("id") for reference in row.tables("references"))
        if not builder.selects([text for text in (row.text("id"), *others) if text]):
            return
    name = row.text("id") or row.text("bom-ref") or indicator.record
    indicator = indicator._replace(record=name)
    if row.text("rejected"):
        builder.withdrawn.append(name)
        return
    analysis = row.table("analysis")
    analysis.check_keys(_ANALYSIS)
    if (state := analysis.text("state")) not in _STATES:
        expected = ", ".join(sorted(_STATES - {""}))
        raise AdvisoryError(f"{analysis.place('state')} is {quoted(state)}; one of {expected} was expected")
    targets = row.tables("affects")
    if state in _NOT_AFFECTED:
        builder.note(name, f"its analysis says {state}: skipped")
        return
    if not targets:
        builder.cannot_match(name, "it names no component")
    for target in targets:
        target.check_keys({"ref", "versions"})
        if not (ref := target.text("ref")):
            raise AdvisoryError(f"{target.place()} has no ref; a bom-ref was expected")
        versions = target.tables("versions")
        components = _components(ref, target, by_ref)
        builder.take(len(components) * (1 + len(versions)))
        if not components:
            builder.cannot_match(name, f"{ref} is no package")
        for component in components:
            _affected(component, versions, indicator, builder)


def _components(ref: str, target: Table, by_ref: _Refs) -> Sequence[Table]:
    """Return the components that a reference names: a bom-ref, a purl, or a link to another bill (BOM-Link).

    Raises:
        AdvisoryError: no component has that bom-ref.
    """
    is_link = ref.startswith("urn:cdx:")
    components = by_ref.get(ref, by_ref.get(ref.partition("#")[2]) if is_link else None)
    if components is not None:
        return components
    if is_purl(ref):
        return [Table({"purl": ref}, target.document, target.path)]
    if is_link:
        return []
    raise AdvisoryError(
        f"{target.place('ref')} is {quoted(ref)}, which is no component here; a bom-ref was expected"
    )


def _affected(component: Table, rows: Sequence[Table], indicator: Indicator, builder: AdvisoriesBuilder) -> None:
    """Add the versions of a component that ``rows`` say are affected; without rows the component's own version."""
    if not (text := component.text("purl")):
        builder.cannot_match(indicator.record, f"{component.text('name') or 'a component'} has no purl")
        return
    if (purl := read_purl(text, component.place("purl"))) is None:
        builder.foreign += 1
        return
    indicator = _with_purl(indicator, purl)
    own = purl.version or component.text("version")
    if not rows:
        _own_version(component, purl, indicator, builder)
    for row in rows:
        row.check_keys({"version", "range", "status"})
        version, span, status = row.text("version"), row.text("range"), row.text("status") or "affected"
        if status not in {"affected", "unaffected", "unknown"} or bool(version) == bool(span):
            expected = "a version or a range that is affected, unaffected or unknown"
            raise AdvisoryError(
                f"{row.place()}: {quoted(version or span)} is {quoted(status)}; {expected} was expected"
            )
        if status != "affected":
            builder.note(indicator.record, f"{purl.project} {version or span}: {status}, skipped")
        elif version:
            builder.add(
                indicator._replace(versions=(version,), filename=purl.filename if version == own else None)
            )
            if own and affects(version, own):
                _files(component, indicator, builder)
        elif (interval := read_vers(span, row.place("range"))) is None:
            text = f"{purl.project} {span}: not an interval of pypi's versions"
            builder.cannot_match(indicator.record, text, purl.project)
        else:
            builder.add(
                indicator._replace(
                    versions=interval.versions,
                    ranges=interval.ranges,
                    every_version=interval.every_version,
                    filename=None,
                )
            )
