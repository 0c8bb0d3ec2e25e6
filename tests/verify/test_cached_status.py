"""What cached pages show of what an index has done since: findings beside the verdict, and filters."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.index.rows import PageFile
from pipcache.util.urls import FILES_HOST, PAGE_BASES
from tests.support.archives import build_sdist, build_wheel
from tests.support.index_pages import HTML_TYPE, JSON_TYPE, html_page, json_page

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

PYPI = PAGE_BASES[0]
OWN = "https://index.example/simple/"
POLICY = "max-age=365000000, immutable, public"

NAME, WHEEL = build_wheel("foo", "1.0")
NEWER_NAME, NEWER = build_wheel("foo", "2.0")


def date(minute: int) -> str:
    return f"Tue, 05 Mar 2024 10:{minute:02}:30 GMT"


def row(name: str, data: bytes, *, yanked: str | bool = False, root: str = f"https://{FILES_HOST}") -> PageFile:
    """A file as PyPI lists it, or an index with PyPI's paths."""
    blake = hashlib.blake2b(data, digest_size=32).hexdigest()
    url = f"{root}/packages/{blake[:2]}/{blake[2:4]}/{blake[4:]}/{name}"
    return PageFile(name, url, (("sha256", hashlib.sha256(data).hexdigest()),), yanked=yanked)


ONE, TWO = row(NAME, WHEEL), row(NEWER_NAME, NEWER)


def add_file(builder: CacheBuilder, file: PageFile, data: bytes, minute: int) -> str:
    return builder.download(file.url, data, headers={"Date": date(minute), "Cache-Control": POLICY})


def add_page(
    builder: CacheBuilder,
    files: list[PageFile],
    minute: int,
    *,
    base: str = PYPI,
    legacy: bool = False,
    html: bool = False,
    **says: Any,
) -> str:
    body = (html_page if html else json_page)("foo", files, **says)
    headers = {
        "Date": date(minute),
        "Cache-Control": "max-age=600, public",
        "Content-Type": HTML_TYPE if html else JSON_TYPE,
        "ETag": '"x"',
    }
    return (builder.legacy if legacy else builder.download)(f"{base}foo/", body, headers=headers)


def outcomes(program: Program, *arguments: str) -> dict[str, tuple[str, list[str]]]:
    """The verdict and the codes of each artifact, by its kind and version, and what the exit status is beside."""
    judgements = program("verify", *arguments, "--format", "json").document["judgements"]
    return {
        f"{judgement['artifact']['kind']} {judgement['artifact']['version']}": (
            judgement["verdict"],
            [finding["code"] for finding in judgement["findings"]],
        )
        for judgement in judgements
    }


QUIET: dict[str, tuple[str, list[str]]] = {"wheel 1.0": ("verified", []), "page None": ("intact", [])}


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_that_its_own_younger_page_no_longer_lists_is_found(
    builder: CacheBuilder,
    program: Program,
    html: bool,  # noqa: FBT001
    legacy: bool,  # noqa: FBT001
) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [TWO], 21, html=html, legacy=legacy)
    assert outcomes(program) == QUIET | {"wheel 1.0": ("verified", ["PC711"])}
    record = program.only("list", "--withdrawn")
    assert (record["project"], record["version"], record["url"]) == ("foo", "1.0", ONE.url)
    assert program.artifacts("list", "--yanked") == []


@pytest.mark.parametrize("minute", [19, 20])
def test_a_page_that_is_no_younger_than_the_file_misses_nothing(
    builder: CacheBuilder, program: Program, minute: int
) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [TWO], minute)
    assert outcomes(program) == QUIET
    assert program.artifacts("list", "--withdrawn") == []


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize(("yanked", "reason"), [("it steals <keys>", "it steals <keys>"), (True, "no reason")])
def test_a_yanked_file_is_found_with_its_reason(
    builder: CacheBuilder,
    program: Program,
    yanked: str | bool,  # noqa: FBT001
    reason: str,
    html: bool,  # noqa: FBT001
) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_file(builder, TWO, NEWER, 20)
    add_page(builder, [TWO, ONE._replace(yanked=yanked)], 19, html=html)
    assert outcomes(program) == QUIET | {"wheel 1.0": ("verified", ["PC712"]), "wheel 2.0": ("verified", [])}
    assert reason in program("verify").out
    assert reason in program("show", "foo==1.0").out
    assert [record["version"] for record in program.artifacts("list", "--yanked")] == ["1.0"]
    assert [record["version"] for record in program.artifacts("show", "foo", "--yanked")] == ["1.0"]
    assert program.artifacts("list", "--withdrawn") == []


def test_a_status_does_not_fail_unless_its_check_is_named(builder: CacheBuilder, program: Program) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [ONE._replace(yanked=True)], 19)
    expected = {(): 0, ("--fail-on", "poisoned"): 0, ("--ignore", "PC1"): 0, ("--select", "PC712"): 1}
    expected |= {("--select", "PC7"): 1, ("--select", "PC2"): 0, ("--select", "PC7", "--ignore", "PC712"): 0}
    assert {arguments: program("verify", *arguments).code for arguments in expected} == expected


def test_a_yanked_file_is_no_part_of_the_cure_and_a_withdrawn_one_is(
    builder: CacheBuilder, program: Program
) -> None:
    key = add_file(builder, ONE, WHEEL, 20)
    yanked = add_file(builder, TWO, NEWER, 20)
    add_page(builder, [TWO._replace(yanked=True)], 21)
    cure = program("verify", "--format", "json").document["cure"]
    assert key in cure
    assert yanked not in cure


def test_pages_of_other_indexes_and_of_other_projects_say_nothing(builder: CacheBuilder, program: Program) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [TWO], 21, base=OWN)
    other = row(NAME, WHEEL, root="https://index.example")
    add_file(builder, other, WHEEL, 20)  # of another index of the same host, for all that is known
    assert {codes == [] for _, codes in outcomes(program).values()} == {True}
    assert program.artifacts("list", "--withdrawn") == []


def test_a_file_of_the_same_name_of_another_index_of_the_host_says_nothing(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", OWN)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://index.example/two/")
    other = row(NAME, WHEEL, root="https://index.example")
    listing = json_page("bar", [other])
    builder.download("https://index.example/two/bar/", listing, headers={"Content-Type": JSON_TYPE})
    add_file(builder, other, WHEEL, 20)
    add_page(builder, [row(NAME, NEWER, yanked="bad", root="https://index.example")], 21, base=OWN)
    assert outcomes(program, "foo")["wheel 1.0"] == ("verified", [])
    for option in ("--yanked", "--withdrawn"):
        assert program.artifacts("list", option) == []


def test_an_index_of_one_s_own_is_known_by_an_older_page(builder: CacheBuilder, program: Program) -> None:
    mine = row(NAME, WHEEL, root="https://index.example")
    add_file(builder, mine, WHEEL, 20)
    add_page(builder, [mine], 19, base=OWN, legacy=True, html=True)
    assert outcomes(program)["wheel 1.0"] == ("verified", [])
    add_page(builder, [TWO], 21, base=OWN)
    assert outcomes(program)["wheel 1.0"] == ("verified", ["PC711"])
    assert [record["version"] for record in program.artifacts("list", "--withdrawn")] == ["1.0"]


def test_a_file_that_was_replaced_under_its_name_is_withdrawn(builder: CacheBuilder, program: Program) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [row(NAME, NEWER)], 21)
    verdict, codes = outcomes(program)["wheel 1.0"]
    assert (verdict, "PC713" in codes) == ("verified", True)
    assert [record["version"] for record in program.artifacts("list", "--withdrawn")] == ["1.0"]


@pytest.mark.parametrize("html", [False, True])
def test_quarantine_is_found_on_the_page_and_on_its_files(
    builder: CacheBuilder,
    program: Program,
    html: bool,  # noqa: FBT001
) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [], 21, html=html, status="quarantined", reason="malware")
    assert outcomes(program) == {"wheel 1.0": ("verified", ["PC706"]), "page None": ("intact", ["PC706"])}
    assert "malware" in program("verify").out
    assert [record["version"] for record in program.artifacts("list", "--withdrawn")] == ["1.0"]


def test_other_statuses_are_notes(builder: CacheBuilder, program: Program) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [ONE], 21, status="archived", reason="use bar")
    assert outcomes(program) == QUIET
    assert "the project is archived: use bar" in program("show", "foo==1.0").out
    add_page(builder, [ONE], 21, status="active")
    assert "project is" not in program("show", "foo==1.0").out


def test_an_older_page_of_another_pip_is_older_and_does_not_disagree(
    builder: CacheBuilder, program: Program
) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [ONE], 19, legacy=True, html=True, serial=100)
    add_page(builder, [ONE, TWO], 21, serial="101")
    assert outcomes(program) == QUIET
    # the same page in the other form
    add_page(builder, [ONE, TWO], 22, legacy=True, html=True, serial=101)
    assert outcomes(program) == QUIET


def test_the_newest_page_is_the_one_of_the_highest_serial(builder: CacheBuilder, program: Program) -> None:
    add_file(builder, ONE, WHEEL, 20)
    add_page(builder, [TWO, ONE], 21, serial=101)
    add_page(builder, [TWO], 22, legacy=True, html=True, serial=100)
    judgements = program("verify", "--format", "json").document["judgements"]
    codes = {
        judgement["artifact"]["store"]: [f["code"] for f in judgement["findings"]] for judgement in judgements
    }
    assert codes == {"http-v2": [], "http": ["PC703"]}


def test_two_pages_of_one_serial_with_other_files_disagree(builder: CacheBuilder, program: Program) -> None:
    add_page(builder, [TWO], 22, serial=100)
    add_page(builder, [ONE, TWO], 21, legacy=True, html=True, serial=100)
    ran = program("verify", "--select", "PC704")
    assert (ran.code, ran.out.count("PC704")) == (1, 1)
    add_page(builder, [ONE, TWO], 22)
    assert program("verify", "--select", "PC704").code == 0


def test_a_serial_of_the_head_alone_decides_nothing(builder: CacheBuilder, program: Program) -> None:
    for write, files, minute in [(builder.legacy, [ONE], 21), (builder.download, [ONE, TWO], 22)]:
        headers = {"Date": date(minute), "Cache-Control": "max-age=600", "Content-Type": JSON_TYPE}
        write(f"{PYPI}foo/", json_page("foo", files), headers=headers | {"X-PyPI-Last-Serial": "100"})
    assert outcomes(program, "--kind", "page")["page None"] == ("intact", [])
    assert program("verify", "--select", "PC7").code == 0


def test_a_built_wheel_is_withdrawn_with_its_source(builder: CacheBuilder, program: Program) -> None:
    sdist_name, sdist = build_sdist("foo", "1.0")
    source = row(sdist_name, sdist)
    hashes = dict(source.hashes)
    builder.built({"archive_info": {"hashes": hashes}, "url": source.url}, NAME, WHEEL)
    far = "Tue, 05 Mar 2199 10:20:30 GMT"
    headers = {"Date": far, "Cache-Control": "max-age=600", "Content-Type": JSON_TYPE}
    builder.download(f"{PYPI}foo/", json_page("foo", [TWO]), headers=headers)
    assert outcomes(program)["built 1.0"][1] == ["PC711"]
    builder.download(f"{PYPI}foo/", json_page("foo", [source._replace(yanked="bad")]), headers=headers)
    assert outcomes(program)["built 1.0"][1] == ["PC712"]
    builder.download(f"{PYPI}foo/", json_page("foo", [source]), headers=headers)
    assert outcomes(program)["built 1.0"][1] == []


def test_what_is_withdrawn_or_yanked_is_removed_and_nothing_else(builder: CacheBuilder, program: Program) -> None:
    third_name, third = build_wheel("foo", "3.0")
    listed = row(third_name, third)
    for file, data in [(ONE, WHEEL), (TWO, NEWER), (listed, third)]:
        add_file(builder, file, data, 20)
    add_page(builder, [TWO._replace(yanked=True), listed], 21)
    assert program("remove", "--withdrawn", "--dry-run").out.count("foo") == 1
    assert program("remove", "--yanked", "--withdrawn", "--yes").code == 0
    assert [record["version"] for record in program.artifacts("list")] == ["3.0"]
    assert len(program.artifacts("list", "--kind", "page")) == 1
    again = program("remove", "--yanked", "--withdrawn", "--yes")
    assert again.code == 0


def test_damaged_pages_say_nothing(builder: CacheBuilder, program: Program) -> None:
    add_file(builder, ONE, WHEEL, 20)
    key = add_page(builder, [TWO], 21)
    path = builder.body(key)
    path.write_bytes(path.read_bytes()[:-5])
    assert outcomes(program)["wheel 1.0"] == ("verified", [])
