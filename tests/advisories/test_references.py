"""Digests and file URLs are read in every spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipcache.util.urls import FILES_HOST, file_urls
from tests.support.advisory_samples import BLAKE, LITELLM_SDIST, LITELLM_WHEEL, WHEEL, b64, digest, hashed_path

if TYPE_CHECKING:
    from tests.support.advisory_samples import Read


@pytest.mark.parametrize(
    "algorithm", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "blake2b"]
)
@pytest.mark.parametrize("form", ["{0}:{1}", "{0}={1}", "{0}-{1}", "{0}={2}", "{0}:{2}=", "{1}", "{1}  *name.bin"])
def test_digests_are_read_in_every_spelling(read: Read, algorithm: str, form: str) -> None:
    value = digest("x", algorithm)
    padding = "=" * (-len(b64(value)) % 4)
    text = form.format(algorithm, value, b64(value)).removesuffix("=") + (padding if form.endswith("}=") else "")
    (indicator,) = read("a.txt", text + "\n").indicators
    assert (algorithm, value) in indicator.digests
    assert {advisories for _, advisories in indicator.digests} == {value}


@pytest.mark.parametrize("filename", [LITELLM_WHEEL, LITELLM_SDIST])
@pytest.mark.parametrize(
    "behind", ["", "/litellm/a.py#line.3", "#sha256=" + WHEEL, ".metadata", "?x=1", "/a/b.whl#line.1"]
)
@pytest.mark.parametrize(
    "host", [FILES_HOST, "inspector.example/project/litellm/1", "mirror.example/api/pypi/x", "u:p@mirror.example"]
)
def test_a_path_of_pypi_is_one_file_on_any_host(read: Read, host: str, behind: str, filename: str) -> None:
    (indicator,) = read("a.txt", f"https://{host}/{hashed_path(BLAKE, filename)}{behind}\n").indicators
    assert set(file_urls(BLAKE, filename)) <= set(indicator.urls)
    assert (indicator.digests, indicator.filename) == ((("blake2b_256", BLAKE),), filename)
    assert not any("#" in url or "@" in url for url in indicator.urls)


def test_a_quoted_file_name_has_the_key_of_both_spellings(read: Read) -> None:
    (indicator,) = read(
        "a.txt", f"https://{FILES_HOST}/{hashed_path(BLAKE, 'a-1.0%2Bcpu-py3-none-any.whl')}\n"
    ).indicators
    for spelled in ("a-1.0+cpu-py3-none-any.whl", "a-1.0%2Bcpu-py3-none-any.whl"):
        assert set(file_urls(BLAKE, spelled)) <= set(indicator.urls)
