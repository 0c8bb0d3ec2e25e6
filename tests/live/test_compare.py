"""Pages and files held against the answer of an index: each change is its code, and all else is quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from pipcache.index.page_changes import PageChanges, page_changes
from pipcache.index.page_format import PageFormat
from pipcache.index.page_state import PageState, read_page_state
from pipcache.index.rows import PageFile
from pipcache.index.standing import ProjectStatus
from pipcache.live.compare import KnownFile, compare_pages, read_live_page
from pipcache.live.statuses import Ask, NoPage, PageComparison
from pipcache.verify.checks import Check
from pipcache.verify.file_status import file_status
from tests.support.index_pages import HTML_TYPE, JSON_TYPE, html_page, json_page

if TYPE_CHECKING:
    from collections.abc import Sequence

laws = settings(deadline=None, derandomize=True)

URL = "https://index.example/simple/foo/"
FILES = "https://files.example/packages/"


def row(version: str, *, digest: str = "", yanked: str | bool = False, root: str = FILES) -> PageFile:
    filename = f"foo-{version}-py3-none-any.whl"
    return PageFile(filename, f"{root}{filename}", (("sha256", (digest or version[0]) * 64),), yanked=yanked)


def page(*rows: PageFile, serial: int | None = 100, status: str | None = None) -> PageState:
    return PageState(URL, PageFormat.JSON, rows, serial, ProjectStatus(status) if status else None)


ONE, TWO = row("1.0"), row("2.0")


def codes(comparison: PageComparison) -> list[str]:
    return [finding.check.code for finding in comparison.findings]


rows = st.lists(
    st.builds(
        row,
        st.sampled_from(["1.0", "2.0", "3.0"]),
        digest=st.sampled_from(["a", "b"]),
        yanked=st.sampled_from([False, True, "broken", "a <b> & 'c'"]),
    ),
    max_size=6,
)
serials = st.none() | st.integers(0, 10**9)


@laws
@given(rows, serials)
def test_a_page_is_current_by_itself(files: list[PageFile], serial: int | None) -> None:
    stored = page(*files, serial=serial)
    comparison = compare_pages(stored, stored)
    assert comparison.is_current
    assert not comparison.is_outdated
    assert (comparison.findings, comparison.ask) == ((), None)


@laws
@given(rows, rows, serials, serials, st.data())
def test_the_order_of_rows_does_not_matter(
    first: list[PageFile], second: list[PageFile], stored: int | None, live: int | None, data: st.DataObject
) -> None:
    comparison = compare_pages(page(*first, serial=stored), page(*second, serial=live))
    shuffled = [data.draw(st.permutations(files)) for files in (first, second)]
    assert compare_pages(page(*shuffled[0], serial=stored), page(*shuffled[1], serial=live)) == comparison


@laws
@given(rows, serials)
def test_html_and_json_of_the_same_rows_are_equal(files: list[PageFile], serial: int | None) -> None:
    as_json = read_live_page(json_page("foo", files, serial=serial), JSON_TYPE, URL, {}, "foo")
    as_html = read_live_page(html_page("foo", files, serial=serial), HTML_TYPE, URL, {}, "foo")
    assert as_json is not None
    assert as_html is not None
    for stored, live in [(as_json, as_html), (as_html, as_json)]:
        comparison = compare_pages(stored, live)
        assert (comparison.findings, comparison.is_current, comparison.ask) == ((), True, None)


def test_what_pip_never_installs_makes_no_difference_between_html_and_json() -> None:
    others = [
        PageFile(name, f"{FILES}{name}", (("sha256", "e" * 64),))
        for name in ("foo-1.0.win32-py2.7.exe", "foo-1.0-1.noarch.rpm", "foo-1.0.win32.msi", "foo-1.0.tar.gz.asc")
    ]
    as_html = read_live_page(html_page("foo", [ONE, *others], serial=7), HTML_TYPE, URL, {}, "foo")
    as_json = read_live_page(json_page("foo", [ONE, *others], serial=7), JSON_TYPE, URL, {}, "foo")
    assert as_html is not None
    assert as_json is not None
    for stored, live in [(as_html, as_json), (as_json, as_html), (page(ONE), as_json), (as_json, page(ONE))]:
        assert compare_pages(stored._replace(serial=7), live._replace(serial=7)).is_current


@laws
@given(rows, rows)
def test_changes_turned_round_are_those_of_the_other_direction(
    first: list[PageFile], second: list[PageFile]
) -> None:
    there, back = page_changes(first, second), page_changes(second, first)
    assert there == PageChanges(back.removed, back.added, back.unyanked, back.yanked, back.replaced)
    assert page_changes(first, first).are_none


CHANGED: list[tuple[str, PageState, PageState, list[str], Ask | None]] = [
    ("nothing", page(ONE), page(ONE), [], None),
    ("a serial that grew alone", page(ONE), page(ONE, serial=101), [], None),
    ("a release", page(ONE), page(ONE, TWO, serial=101), ["PC702"], None),
    ("a deletion", page(ONE, TWO), page(ONE, serial=101), ["PC702"], None),
    ("a yank", page(ONE), page(row("1.0", yanked="bad"), serial=101), ["PC702"], None),
    ("a yank taken back", page(row("1.0", yanked=True)), page(ONE, serial=101), ["PC702"], None),
    ("another reason", page(row("1.0", yanked=True)), page(row("1.0", yanked="bad"), serial=101), [], None),
    ("other bytes", page(ONE), page(row("1.0", digest="f"), serial=101), ["PC702"], None),
    ("an older page", page(ONE, TWO, serial=101), page(ONE), ["PC703"], Ask.ONCE_MORE),
    ("an older page of the same files", page(ONE, serial=101), page(ONE), ["PC703"], Ask.ONCE_MORE),
    ("the same serial", page(ONE, TWO), page(ONE), ["PC704"], Ask.ONCE_MORE),
    ("a page without serial", page(ONE), page(ONE, TWO, serial=None), ["PC704"], Ask.ONCE_MORE),
    ("a page without serial, same files", page(ONE), page(ONE, serial=None), [], None),
    ("an index without serials, more", page(ONE, serial=None), page(ONE, TWO, serial=None), ["PC702"], None),
    ("fewer", page(ONE, TWO, serial=None), page(ONE, serial=None), ["PC702"], Ask.ONCE_MORE),
    ("quarantine", page(ONE), page(serial=101, status="quarantined"), ["PC706", "PC702"], None),
    ("quarantine as before", page(status="quarantined"), page(status="quarantined"), ["PC706"], None),
    ("archived", page(ONE), page(ONE, serial=101, status="archived"), [], None),
]


@pytest.mark.parametrize(
    ("stored", "live", "expected", "ask"), [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED]
)
def test_a_page_has_the_code_of_its_change(
    stored: PageState, live: PageState, expected: list[str], ask: Ask | None
) -> None:
    comparison = compare_pages(stored, live)
    assert (codes(comparison), comparison.ask) == (expected, ask)
    assert comparison.is_current == (set(expected) <= {"PC706"})


def test_what_has_changed_is_counted() -> None:
    comparison = compare_pages(page(ONE, row("2.0")), page(ONE._replace(yanked="bad"), row("3.0"), serial=101))
    (finding,) = comparison.findings
    assert (finding.expected, finding.actual) == ("serial 100", "serial 101, +1 file, -1 file, 1 yanked")
    assert comparison.changes == PageChanges((row("3.0").filename,), (TWO.filename,), (ONE.filename,))
    assert comparison.is_outdated


def test_a_page_that_is_newer_than_the_index_s_is_not_outdated() -> None:
    newer = page(ONE, TWO, serial=101)
    again = compare_pages(newer, page(ONE), earlier=page(ONE))
    assert (codes(again), again.ask, again.is_outdated, again.is_current) == (["PC703"], None, False, False)
    assert compare_pages(newer, newer, earlier=page(ONE)).is_current


def test_rows_that_come_and_go_are_inconsistent() -> None:
    stored = page(ONE, TWO, serial=None)
    fewer = page(ONE, serial=None)
    assert compare_pages(stored, stored, earlier=fewer).is_current
    assert codes(compare_pages(stored, fewer, earlier=fewer)) == ["PC702"]
    assert codes(compare_pages(stored, page(TWO, serial=None), earlier=fewer)) == ["PC703"]


def test_an_index_without_the_project_and_one_that_archived_it() -> None:
    gone = compare_pages(page(ONE), NoPage.GONE)
    assert (codes(gone), gone.is_outdated, gone.is_current) == (["PC705"], True, False)
    archived = compare_pages(page(ONE), page(ONE)._replace(status=ProjectStatus("archived", "use bar")))
    assert (archived.findings, archived.notes) == ((), ("the project is archived: use bar",))


def test_an_unmodified_page_is_current_unless_its_etag_contradicts() -> None:
    for is_altered in (None, False):
        assert compare_pages(page(ONE)._replace(is_altered=is_altered), NoPage.NOT_MODIFIED).is_current
    altered = page(ONE, row("6.6.6"))._replace(is_altered=True, etag='"etag"')
    first = compare_pages(altered, NoPage.NOT_MODIFIED)
    assert (codes(first), first.ask) == (["PC701"], Ask.IN_FULL)
    in_full = compare_pages(altered, page(ONE), was_unmodified=True)
    assert (codes(in_full), in_full.ask, in_full.is_outdated) == (["PC701"], Ask.ONCE_MORE, True)
    again = compare_pages(altered, page(ONE), earlier=page(ONE), was_unmodified=True)
    assert (codes(again), again.ask, again.is_outdated) == (["PC701"], None, True)
    # an ETag of another server may have this form by chance
    assert compare_pages(altered, page(*altered.files), was_unmodified=True).is_current
    quarantined = page(status="quarantined")
    assert codes(compare_pages(quarantined, NoPage.NOT_MODIFIED)) == ["PC706"]


def test_pages_that_were_not_read_whole_are_not_compared() -> None:
    for stored, live in [
        (None, page(ONE)),
        (page(ONE)._replace(excess="too much in it"), page(ONE, TWO)),
        (page(ONE, TWO), page(ONE)._replace(excess="too much in it")),
    ]:
        comparison = compare_pages(stored, live)
        assert (comparison.findings, comparison.is_compared, comparison.is_current) == ((), False, False)


BYTES = {"sha256": "1" * 64, "md5": "1" * 32}
OURS = KnownFile(ONE.filename, ONE.url, BYTES)
ELSEWHERE = row("1.0", digest="f", root="https://elsewhere.example/")

FATES: list[tuple[str, KnownFile, Sequence[PageFile], list[str], bool]] = [
    ("listed as it is", OURS, [ONE, TWO], [], True),
    ("listed without a digest", OURS, [ONE._replace(hashes=())], [], False),
    ("listed with what can be forged", OURS, [ONE._replace(hashes=(("md5", "1" * 32),))], [], False),
    ("no longer listed", OURS, [TWO], ["PC711"], False),
    ("never listed, as far as is known", OURS._replace(was_listed=False), [TWO], [], False),
    ("a name that is not certain", OURS._replace(filename=None, url=None), [TWO], [], False),
    ("no name, but its digest", OURS._replace(filename=None, url=None), [ONE], [], True),
    ("spelled otherwise", OURS._replace(filename="Foo-1.0-py3-none-any.whl"), [ONE], [], True),
    ("yanked", OURS, [ONE._replace(yanked="bad")], ["PC712"], True),
    ("one of two rows yanked", OURS, [ONE._replace(yanked="bad"), ONE], [], True),
    ("replaced in place", OURS._replace(row=ONE), [row("1.0", digest="f")], ["PC713"], False),
    ("replaced, and its key vouches", OURS._replace(is_vouched=True), [row("1.0", digest="f")], ["PC713"], False),
    ("replaced under its name", OURS, [ELSEWHERE], ["PC713"], False),
    ("replaced and yanked", OURS, [ELSEWHERE._replace(yanked=True)], ["PC713", "PC712"], False),
    ("nothing vouches for it", OURS, [row("1.0", digest="f")], ["PC714"], False),
    ("from who knows where", OURS._replace(url=None), [row("1.0", digest="f")], ["PC713"], False),
    ("what a wheel was built from", OURS._replace(is_source=True), [row("1.0", digest="f")], ["PC713"], False),
    ("listed twice, once as it is", OURS, [ELSEWHERE, ONE], [], True),
]


@pytest.mark.parametrize(
    ("file", "listed", "expected", "is_confirmed"), [case[1:] for case in FATES], ids=[case[0] for case in FATES]
)
def test_a_file_has_the_code_of_what_became_of_it(
    file: KnownFile,
    listed: Sequence[PageFile],
    expected: list[str],
    is_confirmed: bool,  # noqa: FBT001
) -> None:
    status = file_status(file, page(*listed))
    assert [finding.check.code for finding in status.findings] == expected
    assert status.is_confirmed == is_confirmed
    assert status.is_yanked == ("PC712" in expected)
    assert status.is_withdrawn == bool({"PC711", "PC713", "PC714"} & set(expected))


def test_a_file_of_a_project_that_is_gone_or_in_quarantine_is_withdrawn() -> None:
    gone = file_status(OURS, None)
    assert [finding.check for finding in gone.findings] == [Check.PC711]
    quarantined = file_status(OURS, page(status="quarantined"))
    assert [finding.check for finding in quarantined.findings] == [Check.PC706]
    assert gone.is_withdrawn
    assert quarantined.is_withdrawn


def test_a_page_that_was_not_read_whole_misses_no_file() -> None:
    assert file_status(OURS, page(TWO)._replace(excess="too much in it")).findings == ()


def test_of_what_was_not_confirmed_the_reason_of_the_yank_is_said() -> None:
    reasons: list[tuple[str | bool, str]] = [("bad & <b>", "bad & <b>"), (True, "yanked, no reason given")]
    for yanked, said in reasons:
        (finding,) = file_status(OURS, page(ONE._replace(yanked=yanked))).findings
        assert finding.actual == said


def test_a_stored_page_is_read_like_a_live_page() -> None:
    data = json_page("foo", [ONE], serial="7")
    assert read_live_page(data, JSON_TYPE, URL, {}) == read_page_state(data, JSON_TYPE, URL, {})
