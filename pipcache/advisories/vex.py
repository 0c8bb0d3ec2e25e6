"""Read OpenVEX and CSAF documents."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipcache.advisories.model import AdvisoryError, Found, Indicator
from pipcache.advisories.plain_list import add_digest, of_purl
from pipcache.advisories.purl import is_purl, read_purl, read_vers
from pipcache.advisories.references import digest_of, is_distribution
from pipcache.advisories.strict import check_keys, rows_in, table_in, text_in, texts_in
from pipcache.util.hashes import algorithm_of
from pipcache.util.untrusted import told

_STATEMENT = frozenset(
    {
        *("@id", "version", "vulnerability", "timestamp", "last_updated", "products", "subcomponents", "status"),
        *("supplier", "status_notes", "justification", "impact_statement", "action_statement"),
        "action_statement_timestamp",
    }
)

_COMPONENT = frozenset({"@id", "identifiers", "hashes", "supplier", "subcomponents"})

_OPEN_STATUSES = {"affected", "not_affected", "fixed", "under_investigation"}


def read_openvex(document: Mapping[str, object], source: str, found: Found) -> None:
    """Take in the products of statements that say affected; of a product with subcomponents, only these.

    A purl without a version means every version (OpenVEX specification, "Products").

    Raises:
        AdvisoryError: it is cut off or damaged.
    """
    rows = rows_in(document.get("statements"), f"{source}: statements")
    if not rows:
        raise AdvisoryError(f"{source} has no statements; OpenVEX was expected")
    for number, row in enumerate(rows, 1):
        found.records += 1
        where = f"{source}: statements[{number - 1}]"
        statement = table_in(row, where)
        check_keys(statement, _STATEMENT, where)
        vulnerability = statement.get("vulnerability")
        name = vulnerability if isinstance(vulnerability, str) else None
        if name is None:
            table = table_in(vulnerability, f"{where}.vulnerability")
            name = text_in(table, "name", where) or text_in(table, "@id", where)
        status = text_in(statement, "status", where)
        if status not in _OPEN_STATUSES:
            expected = ", ".join(sorted(_OPEN_STATUSES))
            raise AdvisoryError(f"{where}: its status is {told(status)}; one of {expected} was expected")
        plain = Indicator(source, name or f"record {number}")
        if status != "affected":
            found.note(plain.record, f"a statement says {status}: skipped")
            continue
        products = rows_in(statement.get("products"), f"{where}.products")
        inner = rows_in(statement.get("subcomponents"), f"{where}.subcomponents")  # 0.0.1 has them here
        if not products and not inner:
            found.never(plain.record, "a statement names no product")
        for one in inner or products:
            _product(one, f"{where}.products[]", plain, found)


def _product(one: object, where: str, plain: Indicator, found: Found) -> None:
    product = {"@id": one} if isinstance(one, str) else table_in(one, where)
    check_keys(product, _COMPONENT, where)
    for part in rows_in(product.get("subcomponents"), f"{where}.subcomponents"):
        inner = {"@id": part} if isinstance(part, str) else table_in(part, f"{where}.subcomponents[]")
        _component(inner, f"{where}.subcomponents[]", plain, found)
    if not product.get("subcomponents"):
        _component(product, where, plain, found)


def _component(component: Mapping[str, object], where: str, plain: Indicator, found: Found) -> None:
    check_keys(component, _COMPONENT, where)
    identifiers = table_in(component.get("identifiers"), f"{where}.identifiers")
    name = text_in(component, "@id", where)
    text = text_in(identifiers, "purl", where) or (name if is_purl(name) else "")
    if not text:
        found.never(plain.record, f"{name or 'a product'} has no purl")
        return
    of_purl(text, where, plain, found)
    if (purl := read_purl(text, where)) is None:
        return
    for spelled, value in table_in(component.get("hashes"), f"{where}.hashes").items():
        _digest(spelled, value, where, plain._replace(project=purl.project), found)


def _digest(spelled: str, value: object, where: str, plain: Indicator, found: Found) -> None:
    if not isinstance(value, str) or not value:
        raise AdvisoryError(f"{where}: a hash is {told(value)}; text was expected")
    if (algorithm := algorithm_of(spelled)) is None:
        found.never(plain.record, f"digest {spelled} {value}")
    else:
        add_digest(digest_of(algorithm, value, where), plain, found)


_BAD = ("known_affected", "first_affected", "last_affected")

_STATUSES = {*_BAD, "known_not_affected", "fixed", "first_fixed", "recommended", "under_investigation", "unknown"}


class _Product(NamedTuple):
    where: str
    name: str
    purls: tuple[str, ...]
    version: str  # of the branch that it stands in
    span: str  # as above: a range of versions
    helper: Mapping[str, object]


def read_csaf(document: Mapping[str, object], source: str, found: Found) -> None:
    """Take in the products that are known, first or last affected; a product of a relationship is its component.

    Raises:
        AdvisoryError: it is cut off or damaged, or names a product that its tree does not have.
    """
    head = table_in(document.get("document"), f"{source}: document")
    if not text_in(head, "csaf_version", source).startswith("2."):
        raise AdvisoryError(f"{source}: csaf_version is {told(head.get('csaf_version'))}; 2.0 or 2.1 was expected")
    tracking = text_in(table_in(head.get("tracking"), f"{source}: tracking"), "id", source)
    products = _products(table_in(document.get("product_tree"), f"{source}: product_tree"), source)
    rows = rows_in(document.get("vulnerabilities"), f"{source}: vulnerabilities")
    if not rows:
        raise AdvisoryError(f"{source} has no vulnerabilities; CSAF with some was expected")
    for number, row in enumerate(rows, 1):
        found.records += 1
        where = f"{source}: vulnerabilities[{number - 1}]"
        vulnerability = table_in(row, where)
        others = [table_in(one, f"{where}.ids[]") for one in rows_in(vulnerability.get("ids"), f"{where}.ids")]
        ids = [text_in(vulnerability, "cve", where), *(text_in(one, "text", where) for one in others), tracking]
        plain = Indicator(source, next(filter(None, ids), f"record {number}"))
        status = table_in(vulnerability.get("product_status"), f"{where}.product_status")
        listed = {key: texts_in(value, f"{where}.product_status.{key}") for key, value in status.items()}
        if unknown := sorted(listed.keys() - _STATUSES):
            raise AdvisoryError(f"{where}: the product status {told(unknown[0])} is not known")
        bad = dict.fromkeys(one for key in _BAD for one in listed.get(key, ()))
        if both := [one for one in bad if one in listed.get("known_not_affected", ())]:
            raise AdvisoryError(f"{where}: {told(both[0])} is affected and not affected; one of them was expected")
        for key in sorted(listed.keys() - {*_BAD}):
            found.note(plain.record, f"{len(listed[key])} products are {key.replace('_', ' ')}: skipped")
        for one in bad:
            if one not in products:
                raise AdvisoryError(
                    f"{where}: the product {told(one)} is not in the product tree; it was expected"
                )
            _of_csaf(products[one], plain, found)


def _products(tree: Mapping[str, object], source: str) -> dict[str, _Product]:
    """Return the products of a tree by their ids."""
    where = f"{source}: product_tree"
    products: dict[str, _Product] = {}
    for row in rows_in(tree.get("full_product_names"), f"{where}.full_product_names"):
        _put(products, row, f"{where}.full_product_names[]")
    waiting = [(row, "", "") for row in rows_in(tree.get("branches"), f"{where}.branches")][::-1]
    while waiting:
        row, version, span = waiting.pop()
        branch = table_in(row, f"{where}.branches[]")
        category, name = text_in(branch, "category", where), text_in(branch, "name", where)
        version = name if category == "product_version" else version
        span = name if category == "product_version_range" else span
        if branch.get("product") is not None:
            _put(products, branch["product"], f"{where}.branches[].product", version, span)
        below = rows_in(branch.get("branches"), f"{where}.branches[].branches")
        waiting += [(one, version, span) for one in below][::-1]
    for row in rows_in(tree.get("relationships"), f"{where}.relationships"):
        relation = table_in(row, f"{where}.relationships[]")
        of = products.get(text_in(relation, "product_reference", where))
        _put(products, relation.get("full_product_name"), f"{where}.relationships[]", of=of)
    return products


def _put(
    products: dict[str, _Product],
    row: object,
    where: str,
    version: str = "",
    span: str = "",
    *,
    of: _Product | None = None,
) -> None:
    product = table_in(row, where)
    if not (key := text_in(product, "product_id", where)):
        raise AdvisoryError(f"{where} has no product_id; one was expected")
    if key in products:
        raise AdvisoryError(f"{where}: the product_id {told(key)} stands twice; it was expected once")
    helper = table_in(product.get("product_identification_helper"), f"{where}.product_identification_helper")
    purls = [text_in(helper, "purl", where), *texts_in(helper.get("purls"), f"{where}.purls")]
    one = _Product(where, text_in(product, "name", where), tuple(filter(None, purls)), version, span, helper)
    products[key] = one if one.purls or of is None else of


def _of_csaf(product: _Product, plain: Indicator, found: Found) -> None:
    where = product.where
    if not product.purls:
        found.never(plain.record, f"{product.name or 'a product'} has no purl")
    for text in product.purls:
        if (purl := read_purl(text, where)) is None:
            found.foreign += 1
            continue
        one = plain._replace(project=purl.project, kinds=purl.kinds, filename=purl.filename)
        version = purl.version or product.version
        if version or purl.filename:
            found.add(one._replace(versions=(version,) if version else ()))
        elif product.span and product.span.startswith("vers:") and (read := read_vers(product.span, where)):
            found.add(one._replace(versions=read[0], specifiers=read[1], every_version=read[2]))
        else:
            found.never(plain.record, f"{purl.project} {product.span or 'names no version'}", purl.project)
        for filename, spelled, value in _file_hashes(product):
            archive = filename if is_distribution(filename) else None
            named = plain._replace(
                project=purl.project, filename=archive, member=None if archive else filename or None
            )
            _digest(spelled, value, where, named, found)


def _file_hashes(product: _Product) -> Iterator[tuple[str, str, object]]:
    """Yield (file name, algorithm, value) of a product's files."""
    where = f"{product.where}.hashes"
    for row in rows_in(product.helper.get("hashes"), where):
        table = table_in(row, f"{where}[]")
        for one in rows_in(table.get("file_hashes"), f"{where}[].file_hashes"):
            pair = table_in(one, f"{where}[].file_hashes[]")
            yield text_in(table, "filename", where), text_in(pair, "algorithm", where), pair.get("value")
