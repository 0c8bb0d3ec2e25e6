"""A version means the same in whatever form an advisory has, whatever a file calls its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import archives
from tests.support.audits import osv, page, put, write
from tests.support.caches import CacheBuilder
from tests.support.program import Program
from tests.support.slow import slow_but_every

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.program import Ran


def bill(version: str | None = None, span: str | None = None) -> dict[str, object]:
    """A bill of materials with a vulnerability of evil."""
    row: object = {"version": version} if version is not None else {"range": span}
    component = {"type": "library", "bom-ref": "e", "name": "evil", "version": "9", "purl": "pkg:pypi/evil@9"}
    vulnerability = {"id": "V", "affects": [{"ref": "e", "versions": [row]}]}
    head: dict[str, object] = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]}
    return head | {"vulnerabilities": [vulnerability]}


FORMS: dict[str, Callable[[str], object]] = {
    "list": lambda version: f"evil=={version}\n",
    "list, ===": lambda version: f"evil==={version}\n",
    "purl": lambda version: f"pkg:pypi/evil@{version.replace('+', '%2B')}\n",
    "CSV": lambda version: f"name,version\nevil,{version}\n",
    "OSV": lambda version: osv("evil", [version]),
    "OSV, last affected": lambda version: osv(
        "evil",
        ranges=[{"type": "ECOSYSTEM", "events": [{"introduced": version}, {"last_affected": version}]}],
    ),
    "CycloneDX": bill,
    "vers": lambda version: bill(span=f"vers:pypi/{version.replace('+', '%2B')}"),
    "vers, an interval": lambda version: bill(
        span=f"vers:pypi/>={version.replace('+', '%2B')}|<={version.replace('+', '%2B')}"
    ),
}
# (what is listed, the version of the file, whether it is meant)
MEANT = [
    ("1.0", "1.0+cu118", True),
    ("1.0", "1.0.0", True),
    ("1.0.0", "1", True),
    ("1.0+cu118", "1.0+cu118", True),
    ("1.0+cu118", "1.0", False),
    ("1.0", "1.0rc1", False),
    ("1.0rc1", "1.0.0c1", True),
    ("1.0", "1.0.post1", False),
    ("1.0", "1!1.0", False),
    ("1!1.0", "1!1", True),
]


def ask(program: Program, folder: Path, document: object) -> Ran:
    name = "advisory.json" if isinstance(document, dict) else "advisory.csv"
    if isinstance(document, str) and not document.startswith("name,"):
        name = "advisory.txt"
    return program("audit", "--advisory", write(folder, document, name))


@pytest.mark.parametrize("form", slow_but_every(3, FORMS))
@pytest.mark.parametrize(("listed", "version", "is_meant"), MEANT)
@pytest.mark.parametrize("place", ["wheel", "sdist", "built", "page"])
def test_a_version_means_the_same_everywhere(
    builder: CacheBuilder,
    program: Program,
    tmp_path: Path,
    form: str,
    listed: str,
    version: str,
    place: str,
    *,
    is_meant: bool,
) -> None:
    file = archives.build_sdist("evil", version) if place == "sdist" else archives.build_wheel("evil", version)
    if place == "built":
        builder.built({"url": "https://forge.example/archive/main.zip"}, *file)
    elif place == "page":
        page(builder, "evil", file)
    else:
        put(builder, file)
    assert ask(program, tmp_path, FORMS[form](listed)).code == is_meant
    for operator in ("==", "==="):
        assert program("audit", f"evil{operator}{listed}").code == is_meant


@pytest.mark.parametrize(
    ("events", "version", "is_meant"),
    [
        ([{"introduced": "0"}, {"last_affected": "1.0"}], "1.0+cu118", True),
        ([{"introduced": "0"}, {"last_affected": "1.0"}], "1.0.post1", False),
        ([{"introduced": "0"}, {"fixed": "1.0"}], "1.0+cu118", False),
        ([{"introduced": "0"}, {"fixed": "1.0"}], "1.0rc1", True),
        ([{"introduced": "0"}, {"fixed": "1.0+2"}], "1.0+1", True),
        ([{"introduced": "1.0"}], "1.0+cu118", True),
        ([{"introduced": "1.0"}], "1.0.dev1", False),
        ([{"introduced": "0"}, {"limit": "1.0"}], "1.0+cu118", False),
        ([{"introduced": "0"}, {"limit": "1.1"}], "1.0+cu118", True),
        ([{"introduced": "0"}, {"fixed": "1.0"}], "1!0.1", False),
    ],
)
@pytest.mark.parametrize("kind", ["ECOSYSTEM", "SEMVER"])
def test_a_range_holds_local_versions_with_their_release(
    builder: CacheBuilder,
    program: Program,
    tmp_path: Path,
    events: object,
    version: str,
    kind: str,
    *,
    is_meant: bool,
) -> None:
    put(builder, archives.build_wheel("evil", version))
    document = osv("evil", ranges=[{"type": kind, "events": events}])
    assert ask(program, tmp_path, document).code == is_meant


@pytest.mark.parametrize(
    ("span", "version", "is_meant"),
    [
        # vers compares by the order of versions; PEP 440's < and > leave these out
        ("<1.0", "1.0rc1", True),
        (">1.0", "1.0.post1", True),
        (">1.0", "1.0+cu118", False),
        ("<=1.0", "1.0+cu118", True),
        (">=1.0|!=1.5|<2", "1.5", False),
        (">=1.0|!=1.5|<2", "1.5.post1", True),
        (">=1.0|!=1.5|<2", "1.4", True),
        (">=1.0|!=1.5|<2", "2", False),
    ],
)
def test_a_vers_range_holds_what_its_order_says(
    builder: CacheBuilder, program: Program, tmp_path: Path, span: str, version: str, *, is_meant: bool
) -> None:
    put(builder, archives.build_wheel("evil", version))
    assert ask(program, tmp_path, bill(span=f"vers:pypi/{span}")).code == is_meant
    path = write(tmp_path, bill(span=f"vers:pypi/{span}"))
    assert program("audit", "--advisory", path, "--only-listed-versions").code == is_meant


@pytest.mark.parametrize(
    "changes",
    [
        {"versions": ["latest"]},
        {"versions": ["n/a"]},
        {"versions": [">=1.0"]},
        {"versions": ["1.x"]},
        {"ranges": [{"type": "GIT", "repo": "https://forge.example/evil", "events": [{"introduced": "0"}]}]},
        {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0-alpha.beta"}]}]},
        # in SemVer this is before 1.0.0, in PEP 440 behind it
        {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0-1"}]}]},
        {},
    ],
)
def test_what_cannot_be_compared_is_never_clean(
    builder: CacheBuilder, program: Program, tmp_path: Path, changes: dict[str, Any]
) -> None:
    put(builder, archives.build_wheel("evil", "1.0.0"))
    put(builder, archives.build_wheel("good", "1.0.0"))
    record = osv("evil", **changes)
    assert ask(program, tmp_path, record).code == 3
    record["affected"][0]["package"]["name"] = "other"
    assert ask(program, tmp_path, record).code == 0


def test_packages_of_other_ecosystems_hide_none_of_pypi(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    put(builder, archives.build_wheel("evil", "1.0"))
    record = osv("evil", ["1.0"])
    foreign = [{"package": {"ecosystem": name, "name": "evil"}, "versions": ["2.0"]} for name in ("npm", "Go")]
    record["affected"] = [foreign[0], *record["affected"], foreign[1]]
    assert ask(program, tmp_path, record).code == 1
    record["affected"] = foreign
    assert ask(program, tmp_path, record).code == 0
    record = osv("evil", ["1.0"], withdrawn="2099-02-01T00:00:00Z")
    assert ask(program, tmp_path, record).code == 0
