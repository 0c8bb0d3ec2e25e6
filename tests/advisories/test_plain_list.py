"""Plain lists say one thing a line, and prose is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.model import AdvisoryError
from pipcache.util.urls import INDEX_HOST, TEST_INDEX_HOST, file_urls
from tests.support.advisory_samples import (
    BLAKE,
    EMPTY,
    HASHED,
    LIST,
    LITELLM_WHEEL,
    SDIST,
    WHEEL,
    b64,
    by_name,
    digest,
)

if TYPE_CHECKING:
    from tests.support.advisory_samples import Read


def test_a_plain_list_says_one_thing_a_line(read: Read) -> None:
    advisories = read("bad.txt", LIST)
    rows = {indicator.record: indicator for indicator in advisories.indicators}
    assert by_name(advisories) == [
        ("litellm", ("1.82.7",)),
        ("ultralytics", ("8.3.41",)),
        ("legacy-thing", ("0.7.10p1",)),
        ("bittensor-wallet", ("4.0.2",)),
    ]
    assert (rows["line 5"].project, rows["line 5"].every_version) == ("yocolor", True)
    assert (rows["line 6"].project, set(rows["line 6"].specifiers.split(","))) == ("torch", {">=2.0", "<2.1"})
    assert (rows["line 7"].filename, rows["line 7"].versions) == ("ctx-0.1.2-1-py2.py3-none-any.whl", ())
    assert rows["line 8"].kinds == {"sdist"}
    assert rows["line 10"].digests == (("sha256", WHEEL),)
    assert rows["line 11"].digests == (("sha256", SDIST),)
    assert {name for name, _ in rows["line 12"].digests} >= {"sha256", "blake2b_256", "sha3_256"}
    assert set(rows["line 14"].urls) == set(file_urls(BLAKE, LITELLM_WHEEL))
    assert [text.partition(" (")[0] for text in advisories.never] == [
        "line 15: domain models.litellm.example",
        "line 16: IP 192.0.2.7",
    ]
    assert (advisories.records, rows["line 2"].source.endswith("bad.txt")) == (14, True)


@pytest.mark.parametrize("host", [INDEX_HOST, INDEX_HOST.replace(".", "[.]"), TEST_INDEX_HOST])
@pytest.mark.parametrize(
    ("path", "project", "versions"),
    [
        ("project/Lite.LLM/1.82.7/", "lite-llm", ("1.82.7",)),
        ("project/litellm/1.82.7/#files", "litellm", ("1.82.7",)),
        ("pypi/litellm/1.82.7/json", "litellm", ("1.82.7",)),
        ("project/litellm/", "litellm", ()),
        ("project/litellm/#history", "litellm", ()),
        ("simple/litellm/", "litellm", ()),
        ("pypi/litellm/json", "litellm", ()),
    ],
)
def test_the_page_of_a_project_or_release_means_it(
    read: Read, host: str, path: str, project: str, versions: tuple[str, ...]
) -> None:
    advisories = read("a.txt", f"https://{host}/{path}\n")
    (indicator,) = advisories.indicators
    assert (indicator.project, indicator.versions) == (project, versions)
    assert indicator.every_version == (not versions)
    assert not advisories.never


def test_a_row_of_record_is_the_digest_of_a_member_in_hex(read: Read) -> None:
    advisories = read("a.txt", "litellm_init.pth,sha256=ceNa7wMJnNHy1kRnNCcwJaFjWX3pORLfMh7xGL8TUjg,34628\n")
    (indicator,) = advisories.indicators
    assert indicator.digests == (("sha256", "71e35aef03099cd1f2d6446734273025a163597de93912df321ef118bf135238"),)
    assert indicator.member == "litellm_init.pth"


def test_lines_of_pip_are_digests_and_no_versions(read: Read) -> None:
    advisories = read("lock.txt", HASHED)
    assert [(indicator.project, indicator.digests) for indicator in advisories.indicators] == [
        ("litellm", (("sha256", WHEEL),)),
        ("litellm", (("sha256", SDIST),)),
    ]
    assert not any(
        indicator.versions or indicator.every_version or indicator.specifiers
        for indicator in advisories.indicators
    )


@pytest.mark.parametrize(
    ("line", "project"),
    [("zope.interface", "zope-interface"), ("discord.py", "discord-py"), ("ruamel.yaml", None)],
)
def test_a_project_with_dots_is_no_domain(read: Read, line: str, project: str | None) -> None:
    (indicator,) = read("a.txt", line + "\n").indicators
    assert (indicator.project, indicator.every_version) == (project or "ruamel-yaml", True)


@pytest.mark.parametrize(
    "line",
    [
        *("evil.example.com", "evil[.]example", "evil.example:8080", "192.0.2.7", "192.0.2.7:443", "2001:db8::1"),
        *(
            "https://evil.example/",
            "hxxps://evil[.]example/payload",
            f"https://{INDEX_HOST}/help/",
        ),
        *("somebody@evil.example", "/tmp/ultralytics_runner", "C:\\Windows\\x.exe", "ssdeep:3:abc:def"),
        f"sha256:{EMPTY}",
        hashlib.md5().hexdigest(),
    ],
)
def test_what_is_in_no_cache_never_matches(read: Read, line: str) -> None:
    advisories = read("a.txt", line + "\n")
    assert (advisories.indicators, len(advisories.never)) == ((), 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("litellm==1.82.7\nThe package was compromised.\n", "line 2"),
        ("litellm 1.82.7\n", "name==version"),
        ("litellm=1.82.7\n", "line 1"),
        ("litellm==\n", "line 1"),
        ("1.82.7\n", "a version without a project"),
        ("==1.82.7\n", "line 1"),
        ("a==1,==2\n", "two versions at once"),
        (f"{WHEEL[:-1]}\n", "63 hex digits"),
        (f"sha256:{WHEEL[:-1]}\n", "64 hex digits"),
        (f"sha256:{b64(WHEEL)[:-1]}\n", "64 hex digits"),
        (f"{b64(digest('mixed'))}\n", "algorithm="),
        (f"a.pth,sha999={b64(WHEEL)},1\n", "no algorithm"),
        (f"    --hash=sha256:{WHEEL}\n", "names nothing bad"),
        (f"litellm==1.82.7 -hash=sha256:{WHEEL}\n", "--hash"),
        (f"litellm==1.82.7 --hash=sha256:{WHEEL[:-1]}\n", "64 hex digits"),
        ("litellm==1.82.7 --hash=sha256\n", "no digest"),
        ("-r other.txt\n", "names nothing bad"),
        ("-e .\n", "names nothing bad"),
        ("pkg:pypi/litellm@\n", "cut off"),
        ("pkg:pypi/\n", "no package URL|no name"),
        ("pkg:litellm\n", "no package URL"),
        ("a @ https://files.example/b-1.0.tar.gz\n", "no file of a"),
        ("a @ git+https://code.example/a.git\n", "no URL of a wheel"),
        ("litellm==1.82.7\nlitellm", "may be cut off"),
        ("litellm>=1.82.7", "may be cut off"),
        ("# only a comment\n", "says nothing"),
        ("\n\n", "says nothing"),
        ("<html><body>sign in</body></html>\n", "XML or HTML"),
        ("\0\1\2\n", "line 1"),
        ("a" * 5000 + "\n", "5000 characters"),
        ("litellm==" + "1" * 300 + "x!\n", "line 1"),
    ],
)
def test_a_list_that_is_none_says_nothing(read: Read, text: str, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.txt", text)


@pytest.mark.parametrize(
    ("line", "project", "digests"),
    [
        (f"a @ https://files.example/a-1.0.tar.gz#sha256={SDIST}", "a", [("sha256", SDIST)]),
        ("a@https://files.example/a-1.0.tar.gz ; python_version > '3'", "a", []),
        (f"a[x] @ https://files.example/a-1.0.tar.gz --hash=sha256:{SDIST}", "a", [("sha256", SDIST)]),
        (f"https://files.example/a-1.0-py3-none-any.whl --hash sha256:{SDIST}", "a", [("sha256", SDIST)]),
        ("https://files.example/a-1.0-py3-none-any.whl", "a", []),
        (f"a==1 --hash=sha256:{SDIST} --config-settings=x=y", "a", [("sha256", SDIST)]),
        (f"SHA256 (dist/a-1.0.tar.gz) = {SDIST}", None, [("sha256", SDIST)]),
    ],
)
def test_files_are_named_as_pip_and_others_do(
    read: Read, line: str, project: str | None, digests: list[tuple[str, str]]
) -> None:
    (indicator,) = read("a.txt", line + "\n").indicators
    assert (indicator.project, list(indicator.digests[:1])) == (project, digests)
    assert indicator.digests or indicator.urls
    assert (indicator.versions, indicator.every_version, indicator.specifiers) == ((), False, "")


def test_scoped_names_are_of_another_ecosystem(read: Read) -> None:
    advisories = read("a.txt", "@scope/name@1.0\na==1\n")
    assert (by_name(advisories), advisories.foreign, advisories.records) == ([("a", ("1",))], 1, 2)
