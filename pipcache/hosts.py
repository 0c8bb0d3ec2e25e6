"""The names of PyPI's hosts, and the shapes of its URLs. They stand in this module and nowhere else."""

INDEX_HOST = "pypi.org"
FILES_HOST = "files.pythonhosted.org"
OLD_INDEX_HOST = "pypi.python.org"
TEST_INDEX_HOST = "test.pypi.org"
TEST_FILES_HOST = "test-files.pythonhosted.org"

PAGE_BASES = (
    f"https://{INDEX_HOST}/simple/",
    f"https://{OLD_INDEX_HOST}/simple/",
    f"https://{TEST_INDEX_HOST}/simple/",
)
"""Where PyPI's index pages have lived: the present host, its name before 2018, the test index."""

_FILE_BASES = (
    f"https://{FILES_HOST}/packages/",
    f"https://{OLD_INDEX_HOST}/packages/",
    f"https://{TEST_FILES_HOST}/packages/",
)


def file_urls(blake2b_256: str, filename: str) -> list[str]:
    """Return the URLs PyPI serves a file under, given the hex BLAKE2b-256 of its content.

    Source: warehouse ``forklift/legacy.py``; the scheme holds since 2016 and for files uploaded before.
    """
    path = f"{blake2b_256[:2]}/{blake2b_256[2:4]}/{blake2b_256[4:]}/{filename}"
    return [base + path for base in _FILE_BASES]


def is_pypi_file_host(host: str) -> bool:
    """True for the hosts that serve PyPI's files."""
    return host in {FILES_HOST, OLD_INDEX_HOST, TEST_FILES_HOST}
