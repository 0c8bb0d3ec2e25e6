"""PyPI's path of a file is known on any host, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from pipcache.util.urls import PyPIPath, digests_in_path, file_urls, pypi_path_in

BLAKE = "0123456789abcdef" * 4
URL = file_urls(BLAKE, "a-1.0.tar.gz")[0]


@pytest.mark.parametrize(
    "url", [URL, URL + "?x=1", URL + "#sha256=0", "https://mirror.example/pypi" + URL[URL.index("/packages") :]]
)
def test_the_path_of_a_file_is_known_on_any_host(url: str) -> None:
    assert pypi_path_in(url) == PyPIPath(BLAKE, "a-1.0.tar.gz", is_whole=True)
    assert digests_in_path(url) == [("blake2b_256", BLAKE)]


def test_hex_digits_count_in_any_case() -> None:
    upper = URL.replace(BLAKE[4:], BLAKE[4:].upper())
    assert pypi_path_in(upper) == PyPIPath(BLAKE, "a-1.0.tar.gz", is_whole=True)


@pytest.mark.parametrize(("behind", "filename"), [("/a/b.py", "a-1.0.tar.gz"), ("/", "a-1.0.tar.gz")])
def test_a_path_that_goes_on_is_not_whole(behind: str, filename: str) -> None:
    assert pypi_path_in(URL + behind) == PyPIPath(BLAKE, filename, is_whole=False)
    assert digests_in_path(URL + behind) == [("blake2b_256", BLAKE)]


def test_a_path_without_a_file_name_is_not_whole() -> None:
    assert pypi_path_in(URL.removesuffix("a-1.0.tar.gz")) == PyPIPath(BLAKE, "", is_whole=False)


@pytest.mark.parametrize(
    "url",
    [
        *("", "https://files.example/packages/a-1.0.tar.gz", URL.replace(BLAKE[4:], BLAKE[5:])),
        *(
            URL.replace("/packages/", "/other/"),
            f"https://proxy.example/?url={URL}",
            f"https://proxy.example/#{URL}",
        ),
    ],
)
def test_other_urls_have_no_such_path(url: str) -> None:
    assert pypi_path_in(url) is None
    assert digests_in_path(url) == []
