"""Many advisories and broken ones: together they mean what each means alone, and a broken one never means more."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.advisory_forms import FORMS, PAYLOAD, File, base64url
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.program import Program, Ran
from tests.support.slow import slow_but
from tests.support.truth import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "https://files.example/"
JSON_PAGE = FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}


class Shelf:
    """A cache, and the files in it by what they are called."""

    def __init__(self, root: Path) -> None:
        self.builder = CacheBuilder(root)
        self.files: dict[str, File] = {}
        self.by_key: dict[str, File] = {}  # a page is not one file

    def put(self, label: str, version: str, file: tuple[str, bytes], *, url: str | None = None) -> File:
        """A download, under a path as PyPI has it if no URL is given."""
        added = File(label.partition(" ")[0], version, f"{HOST}{file[0]}", file[1])
        added = added._replace(url=url or HOST + added.path)
        self.files[label] = added
        self.by_key[self.builder.download(added.url, added.body)] = added
        return added

    def build(self, file: File, *, wheel: tuple[str, bytes]) -> None:
        """A wheel that pip built from a download."""
        listed = {"hash": f"sha256={file.sha256}", "hashes": {"sha256": file.sha256}}
        key = self.builder.built(
            {"url": file.url, "archive_info": listed}, *wheel, source=Source(file.url, "sha256", file.sha256)
        )
        self.by_key[key] = file

    def page(self, project: str) -> None:
        """An index page that lists what there is of a project."""
        rows = [
            {"filename": file.filename, "url": file.url, "hashes": {"sha256": file.sha256}}
            for file in self.files.values()
            if file.project == project
        ]
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": rows}).encode()
        self.builder.download(f"https://index.example/simple/{project}/", body, headers=JSON_PAGE)


def osv(number: int, name: str, **affected: Any) -> dict[str, Any]:  # Any: JSON
    package = {"ecosystem": "PyPI", "name": name}
    return {
        "id": f"MAL-2099-{number}",
        "modified": "2099-01-01T00:00:00Z",
        "affected": [{"package": package, **affected}],
    }


# Together and one by one

RECORDS = 300
PROJECTS = [f"project-{letter}" for letter in "abcdef"]
RELEASES = ["0.9", "1.0rc1", "1.0", "1.1", "2.0"]


@pytest.fixture
def full(tmp_path: Path) -> Shelf:
    """Wheels, sdists with what was built from them, copies and pages of a few projects."""
    shelf = Shelf(tmp_path / "cache")
    for project in PROJECTS:
        for version in RELEASES[:3]:
            wheel = shelf.put(f"{project} {version}", version, build_wheel(project, version))
            shelf.builder.download(f"{wheel.url}.metadata", metadata(project, version))
        sdist = shelf.put(f"{project} sdist", "1.1", build_sdist(project, "1.1"))
        # a backend may name what it builds as it likes: then only its origin tells
        shelf.build(sdist, wheel=build_wheel(f"{project}-renamed", "1.1"))
        again = shelf.files[f"{project} 1.0"]
        shelf.put(f"{project} again", "1.0", (again.filename, again.body), url=f"{HOST}again/{again.filename}")
        shelf.page(project)
    return shelf


def generated(shelf: Shelf, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Records of all kinds; half of them are about nothing that is there.

    Some projects are only named by their files: of these, what is made from a file has no other reason to go.
    """
    files = [file for file in shelf.files.values() if file.project != PROJECTS[-1] or "/again/" in file.url]
    for number in range(RECORDS):
        name = dice.choice(PROJECTS[:3]) if number % 2 else f"absent-{number}"
        start, end = sorted(dice.sample(range(len(RELEASES)), 2))
        match dice.randrange(5):
            case 0:
                yield osv(number, name, versions=dice.sample(RELEASES, dice.randint(1, 3)))
            case 1:
                stop = {dice.choice(["fixed", "last_affected"]): RELEASES[end]}
                events = [{"introduced": RELEASES[start]}, *dice.choice([[], [stop]])]
                yield osv(number, name, ranges=[{"type": "ECOSYSTEM", "events": events}])
            case 2 | 3:
                file = dice.choice(files)
                is_there = number % 2
                if "/again/" in file.url:
                    url = file.url if is_there else file.url.replace("again", "never")
                elif dice.random() < 0.5:
                    path = file.path if is_there else file.path.replace(file.blake2b[4:], file.sha256[:60])
                    url = f"https://inspector.example/project/{file.project}/{file.version}/{path}/x.py#line.1"
                else:
                    url = ""
                digest = file.sha256 if is_there else file.sha256[::-1]
                clues = {} if url else {"file_hashes": [{"filename": file.filename, "sha256": digest}]}
                evidence = [{"type": "EVIDENCE", "url": url}] if url else []
                yield osv(number, file.project) | {"references": evidence, "database_specific": {"iocs": clues}}
            case _:
                domains = {"indicators": {"domains": ["c2.example"]}}
                yield osv(number, name, versions=["1.0"], database_specific=domains)


Row = tuple[str, str, str]


def rows(ran: Ran) -> set[Row]:
    """Key, relation and record of all that was found."""
    assert ran.code in {0, 1, 3}, ran.err
    return {
        (hit["artifact"]["key"], hit["relation"], clause["record"])
        for part in ran.document["caches"]
        for hit in part["hits"]
        for clause in hit["clauses"] or [{"record": ""}]
    }


@pytest.mark.slow
def test_many_records_together_find_what_each_finds_alone(
    full: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(full.builder.root, capsys)
    records = list(generated(full, random.Random(6)))
    path = tmp_path / "advisory.json"

    def rows_in(content: object) -> set[Row]:
        path.write_text(json.dumps(content), encoding="utf-8")
        return rows(program("audit", "--advisory", str(path), "--format", "json"))

    alone = {row for record in records for row in rows_in(record)}
    # an entry has one relation: what a record means by itself is not listed as made from what another means
    meant = {key for key, relation, _ in alone if relation == "match"}
    expected = {row for row in alone if row[1] == "match" or row[0] not in meant}
    assert rows_in(records) == expected
    assert {relation for _, relation, _ in expected} == {"match", "page", "built-from", "metadata", "copy"}


# Broken files

MUTANTS = 2000
BY_FORM = -(-MUTANTS // len(FORMS))
GOOD_NAMES = (
    "evi",
    "vil",
    "evil-tools",
    "e",
    "ource",
    "sourc",
    "win",
    "twi",
    "twin-1",
    "innocent",
    "pypi",
    "name",
    "1",
)
"""Projects that no form is about; most are what a name becomes that lost a character or two."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The releases that the forms are about, the good ones, and projects with names like theirs."""
    shelf = Shelf(tmp_path_factory.mktemp("small") / "cache")
    for version in ("0.9", "1.0", "1.1"):
        members = {"evil/payload.py": PAYLOAD} if version == "1.0" else {}
        shelf.put(f"evil {version}", version, build_wheel("evil", version, members=members))
    again = shelf.files["evil 1.0"]
    shelf.put("evil again", "1.0", (again.filename, again.body), url=f"{HOST}again/{again.filename}")
    for version in ("1.0", "1.1"):
        members = {"payload.py": PAYLOAD} if version == "1.1" else {}
        sdist = shelf.put(f"source {version}", version, build_sdist("source", version, members=members))
        shelf.build(sdist, wheel=build_wheel("source", version))
    shelf.put("twin good", "0.1.2", build_wheel("twin", "0.1.2"))
    shelf.put("twin bad", "0.1.2", build_wheel("twin", "0.1.2", build="1", members={"twin/payload.py": PAYLOAD}))
    for name in GOOD_NAMES:
        shelf.put(f"{name} 1.0", "1.0", build_wheel(name, "1.0"))
    for name in ("evil", "source", "twin", "evil-tools", "innocent"):
        shelf.page(name)
    return shelf


MARKS = b"{}[]\",:'\n\r\\-#=&*!|<>@?/;~ \t\0\xff0a.%+"


def broken(data: bytes, dice: random.Random) -> bytes:
    """Bytes gone, added or changed, a part gone or twice, or the end cut off."""
    for _ in range(dice.choice([1, 1, 2, 4])):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(7):
            case 0:
                data = data[:at] + data[at + 1 :]
            case 1:
                data = data[:at] + bytes([dice.choice(MARKS)]) + data[at:]
            case 2:
                data = data[:at] + bytes([dice.choice(MARKS)]) + data[at + 1 :]
            case 3 if data[at:]:
                data = data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
            case 4:
                data = data[:at]
            case 5:
                data = data[:at] + data[at + dice.randrange(40) :]
            case _:
                data = data[: at + dice.randrange(60)] + data[at:]
    return data


def restructured(text: str, dice: random.Random) -> str:
    """The same form with something of it gone, twice, moved, or of another kind."""
    if text[0] in "{[":
        document = json.loads(text)
        for _ in range(dice.choice([1, 1, 2])):
            _change(document, dice)
        return json.dumps(document)
    parts = re.split(r"(\n|[,:=@ ])", text)
    for _ in range(dice.choice([1, 1, 2])):
        at, other = dice.randrange(len(parts)), dice.randrange(len(parts))
        match dice.randrange(3):
            case 0:
                parts[at] = ""
            case 1:
                parts[at] += parts[other]
            case _:
                parts[at], parts[other] = parts[other], parts[at]
    return "".join(parts)


def _change(document: Any, dice: random.Random) -> None:  # Any: JSON
    places = list(_places(document))
    if not places:
        return
    into, at = dice.choice(places)
    other, where = dice.choice(places)
    match dice.randrange(5):
        case 0:
            del into[at]
        case 1:
            into[at] = dice.choice([None, [], {}, "", "*", "0", 0, True, -1.5, [[]], "1.0"])
        case 2:
            into[at] = [into[at]]
        case 3:
            into[at] = json.loads(json.dumps(other[where]))
        case _ if isinstance(into, list):
            into.insert(dice.randrange(len(into) + 1), json.loads(json.dumps(into[at])))
        case _:
            into[f"{at}{dice.choice('s_x')}"] = into.pop(at)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # Any: JSON
    """Every table or list with each of its keys or numbers."""
    if isinstance(value, (dict, list)):
        for at in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, at
            yield from _places(value[at])


def planned(ran: Ran) -> dict[str, dict[str, Any]]:  # Any: JSON
    """What would go, by key."""
    removals = ran.document["plan"]["removals"]
    return {removal["artifact"]["key"]: removal["artifact"] for removal in removals}


def names(text: str, artifact: dict[str, Any], file: File | None) -> bool:  # Any: JSON
    """Whether a text names a file or its project; it is looked at as text, so it need not be understood.

    A project's name has to stand alone, as an advisory cannot mean ``evi`` by ``evil``; digests and URLs are long
    enough to be what they are wherever they stand. All of it is as the forms spell it: nothing here is escaped.
    """
    spelled = re.sub(r"[-_.]+", "-", text).lower()
    if re.search(rf"(?<![a-z0-9]){re.escape(artifact['project'])}(?![a-z0-9])", spelled):
        return True
    if file is None:
        return False
    return any(
        name in text for name in (file.sha256, file.base64url, file.blake2b[4:], file.url, base64url(PAYLOAD))
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_broken_file_ends_well_and_takes_only_what_it_names(
    small: Shelf, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(small.builder.root, capsys)
    dice = random.Random(f"6 {form}")
    path = tmp_path / FORMS[form].filename
    whole = FORMS[form].text(small.files)

    def plan_for(data: bytes) -> Ran:
        path.write_bytes(data)
        return program("remove", "--advisory", str(path), "--dry-run", "--format", "json")

    before = planned(plan_for(whole.encode()))
    understood = 0
    for number in range(BY_FORM):
        data = broken(whole.encode(), dice) if number % 2 else restructured(whole, dice).encode()
        ran = plan_for(data)
        assert ran.code in {0, 2, 3, 4}, (data, ran.err)
        assert "Traceback" not in ran.err, (data, ran.err)
        if number % 10 == 0:  # the other command reads the same file
            audited = program("audit", "--advisory", str(path), "--format", "sarif")
            assert (audited.code == 2) == (ran.code == 2), (data, audited.err)
            assert audited.code in {0, 1, 2, 3}, (data, audited.err)
        if ran.code == 2:
            assert ran.document["error"]["kind"] == "bad-advisory", data
            continue
        understood += 1
        text = data.decode()  # what is no text is refused
        grown = {key: artifact for key, artifact in planned(ran).items() if key not in before}
        for key, artifact in grown.items():
            assert names(text, artifact, small.by_key.get(key)), (text, artifact)
    # refused ones alone would prove little, and so would those that were as good as whole
    assert BY_FORM / 10 < understood < BY_FORM * 0.9


@pytest.mark.parametrize("form", slow_but(4, FORMS))
def test_a_file_that_is_cut_off_takes_no_more_than_the_whole(
    small: Shelf, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(small.builder.root, capsys)
    path = tmp_path / FORMS[form].filename
    whole = FORMS[form].text(small.files)
    path.write_text(whole, encoding="utf-8", newline="")
    before = planned(program("remove", "--advisory", str(path), "--dry-run", "--format", "json")).keys()
    grown = []
    for size in range(1, len(whole), 1 + len(whole) // 100):
        path.write_text(whole[:size], encoding="utf-8", newline="")
        ran = program("remove", "--advisory", str(path), "--dry-run", "--format", "json")
        if ran.code != 2 and not planned(ran).keys() <= before:
            grown.append(whole[:size])
    assert grown == []


@pytest.mark.parametrize(
    "purl",
    [
        "pkg:pypi/twin?file_ame=twin-0.1.2-1-py3-none-any.whl",  # one letter is gone
        "pkg:pypi/evil#1.0",  # one is another
    ],
)
def test_a_damaged_package_url_means_no_more_than_the_whole(
    small: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str], purl: str
) -> None:
    whole = purl.replace("file_ame", "file_name").replace("#", "@")
    path = tmp_path / "purls.txt"
    plans = []
    for text in (whole, purl):
        path.write_text(f"{text}\n", encoding="utf-8")
        ran = Program(small.builder.root, capsys)(
            "remove", "--advisory", str(path), "--dry-run", "--format", "json"
        )
        plans.append(planned(ran).keys() if ran.code != 2 else set())
    assert plans[1] <= plans[0]
