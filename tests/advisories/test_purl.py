"""Package URLs name projects, versions, kinds of files and file names."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.model import AdvisoryError
from pipcache.advisories.purl import project_name

if TYPE_CHECKING:
    from tests.support.advisory_samples import Read


def test_a_purl_that_names_the_kind_of_file_narrows_the_record(read: Read) -> None:
    package = {
        "ecosystem": "PyPI",
        "name": "bittensor-wallet",
        "purl": "pkg:pypi/bittensor-wallet?artifact_id=tar-gz",
    }
    record = {"id": "A-1", "affected": [{"package": package, "versions": ["4.0.2"]}]}
    (indicator,) = read("a.json", record).indicators
    assert (indicator.kinds, indicator.versions) == (frozenset({"sdist"}), ("4.0.2",))
    package["purl"] = "pkg:pypi/bittensor-wallet?file_name=bittensor_wallet-4.0.2.tar.gz"
    (indicator,) = read("a.json", record).indicators
    assert indicator.filename == "bittensor_wallet-4.0.2.tar.gz"


def test_package_urls_are_decoded(read: Read) -> None:
    text = "pkg:pypi/Foo%5FBar@1.0%2Bcpu\nPKG:PyPI/foo?artifact_id=whl\npkg:npm/%40a/b@1\n"
    advisories = read("a.txt", text + "pkg:pypi/x@1?artifact_id=new\n")
    first, second, third = advisories.indicators
    assert (first.project, first.versions) == ("foo-bar", ("1.0+cpu",))
    assert (second.project, second.every_version, set(second.kinds)) == ("foo", True, {"wheel"})
    assert (third.versions, third.kinds, advisories.foreign, len(advisories.notes)) == (("1",), frozenset(), 1, 1)


def test_every_short_name_is_normalised_or_refused() -> None:
    for length in range(6):
        for letters in itertools.product("aZ9-_.", repeat=length):
            text = "".join(letters)
            if text and {text[0], text[-1]} <= set("aZ9"):  # PEP 508
                assert project_name(text, "here") == re.sub(r"[-_.]+", "-", text).lower()
            else:
                with pytest.raises(AdvisoryError, match=re.escape("is no name of a project")):
                    project_name(text, "here")
