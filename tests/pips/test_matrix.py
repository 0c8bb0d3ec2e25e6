"""Real pips of six years fill a cache from one index; every entry must be named as the index knows it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from pipcache.location.look import Look, look_at
from pipcache.store.installer import Installer
from tests.support import truth
from tests.support.archives import build_sdist, source_tree
from tests.support.index import Identity, Index, add_standard_projects
from tests.support.pips import PIP_VERSIONS, clean_environment, needs_tls, run_pip
from tests.support.places import REPOSITORY
from tests.support.slow import QUICK_PIPS, slow_except


@dataclass(frozen=True)
class Filled:
    """A cache one pip filled, and what the index and the repository know about it."""

    version: str
    cache: Path
    urls: dict[str, str]  # by key
    identities: dict[str, Identity]  # by key
    bodies: dict[str, bytes]  # by key, of files
    redirected: set[str]  # keys
    sources: dict[str, truth.Source]  # by project, of what pip built
    origins: dict[str, str]  # by project: the URL of what it was built from
    commit: str

    @property
    def release(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))


@pytest.fixture(scope="module", params=slow_except(QUICK_PIPS, PIP_VERSIONS))
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    version = request.param
    folder = tmp_path_factory.mktemp(f"pip-{version}")
    # Asked for only where needed, as it skips where there is no openssl
    certificate = request.getfixturevalue("certificate") if needs_tls(version) else None
    repository, commit = _git_repository(folder)
    with Index(certificate=certificate) as index:
        add_standard_projects(index)
        filename, body = build_sdist("direct", "1.5")
        direct = index.add_raw(f"/some/{filename}", body, Identity("sdist", "direct", "1.5", filename))
        wanted = [
            "some-pkg-name==1.0",
            "tagged",
            "local",
            "source-gz",
            "source-zip",
            "plain-html",
            "based-html",
        ]
        links = ["moved", f"direct @ {direct}", f"git+{repository.as_uri()}@{commit}#egg=from-git"]
        command = ["wheel", "--index-url", index.simple, "--wheel-dir", "out", *wanted, *links]
        done = run_pip(version, command, cache_dir=folder / "cache", cwd=folder, certificate=certificate)
        assert done.returncode == 0, done.stdout + done.stderr
        return _filled(version, folder / "cache", index, repository, commit)


def test_pip_cached_what_the_index_served(filled: Filled) -> None:
    entries = truth.http_entries(filled.cache)
    assert entries.keys() == filled.identities.keys()
    assert {entry.store for entry in entries.values()} == {"http" if filled.release < (23, 3) else "http-v2"}
    for key, entry in entries.items():
        if key in filled.bodies:
            # In http the body lies in the middle of the one file, as it came
            assert filled.bodies[key] in (filled.cache / entry.files[-1]).read_bytes()
        assert entry.has_body or entry.store == "http" or key in filled.redirected
    kinds = Counter(identity.kind for identity in filled.identities.values())
    # pip 22.3 asks for metadata that HTML pages announce, pip 23.2 for what JSON pages announce too
    metadata = 0 if filled.release < (22, 3) else 1 if filled.release < (23, 2) else 3
    expected = {"page": 8, "wheel": 5, "sdist": 4, "other": 2, "metadata": metadata}
    assert kinds == {kind: count for kind, count in expected.items() if count}


def test_pip_kept_what_it_built_under_its_python(filled: Filled) -> None:
    built = {entry.project: entry for entry in truth.built_entries(filled.cache)}
    assert built.keys() == filled.sources.keys()
    for project, entry in built.items():
        source = filled.sources[project]
        # Links from JSON pages lost their hash in pip 22.3 alone; the HTML page's kept it
        if filled.version == "22.3.1" and project in {"source-gz", "source-zip"}:
            source = truth.Source(source.url)
        assert entry.key == truth.wheel_key(source, interpreter=truth.this_interpreter())
        assert (entry.origin is not None) == (filled.release >= (22, 2))


def test_list_names_every_http_entry(filled: Filled) -> None:
    answer = _ask(filled, "list", "--all")
    entries = truth.http_entries(filled.cache)
    records = {record["key"]: record for record in answer["artifacts"] if record["store"] in truth.HTTP_STORES}
    assert records.keys() == entries.keys()
    for key, record in records.items():
        identity = filled.identities[key]
        assert record["store"] == entries[key].store
        assert record["kind"] == identity.kind, filled.urls[key]
        if key not in filled.redirected:
            named = (record["project"], record["version"], record["filename"])
            assert named == (identity.project, identity.version, identity.filename), filled.urls[key]
        if key in filled.bodies:
            assert record["size"] == len(filled.bodies[key])
        assert record["url"] in {None, filled.urls[key]}
        assert record["url"] is not None or not record["url_proved"]
        assert sorted(record["files"]) == sorted(entries[key].files)
        assert record["downloaded"] is not None


def test_show_proves_the_url_of_each_file_a_cached_page_lists(filled: Filled) -> None:
    # No page lists a URL a person gave, nor the place a listed URL redirects to
    listed = {
        key: filled.urls[key]
        for key, identity in filled.identities.items()
        if identity.kind in {"wheel", "sdist", "metadata"} and identity.project not in {"direct", "moved"}
    }
    answer = _ask(filled, "show", *listed)
    proved = {record["key"]: record["url"] for record in answer["artifacts"] if record["url_proved"]}
    assert proved == listed


def test_list_tells_where_each_built_wheel_is_from_and_by_which_python(filled: Filled) -> None:
    answer = _ask(filled, "list", "--all")
    entries = {entry.file: entry for entry in truth.built_entries(filled.cache)}
    records = {record["files"][0]: record for record in answer["artifacts"] if record["kind"] == "built"}
    assert records.keys() == entries.keys()
    for file, record in records.items():
        entry = entries[file]
        assert (record["store"], record["key"]) == ("wheels", entry.key)
        assert (record["project"], record["version"]) == (entry.project, entry.version)
        assert (record["filename"], record["tags"]) == (entry.filename, ["py3-none-any"])
        assert record["built"] is not None
        origin = (record["url"], record["built_by"])
        known = (filled.origins[entry.project], truth.this_interpreter())
        # Without the note older pips did not write it may be unknown, never wrong
        assert origin == known or (entry.origin is None and origin == (None, None))
        if entry.origin is not None and entry.project == "from-git":
            assert filled.commit[:12] in record["origin"]


def test_list_shows_nothing_else(filled: Filled) -> None:
    answer = _ask(filled, "list", "--all")
    http, built = truth.http_entries(filled.cache), truth.built_entries(filled.cache)
    assert len(answer["artifacts"]) == len(http) + len(built)
    assert answer["problems"] == []
    assert not any(answer["hidden"].values())


def _ask(filled: Filled, command: str, *arguments: str) -> dict[str, Any]:
    """Run pipcache as a program, and return the document it prints."""
    options = ["--format", "json", "--cache-dir", str(filled.cache)]
    done = subprocess.run(
        [sys.executable, "-m", "pipcache", command, *options, *arguments],
        cwd=REPOSITORY,  # where the package is found even when it is not installed
        env=clean_environment(filled.cache.parent / "home"),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    assert (answer["schema"], answer["command"]) == (1, command)
    return answer


def _filled(version: str, cache: Path, index: Index, repository: Path, commit: str) -> Filled:
    urls = {truth.url_key(url): url for url in index.cacheable()}
    bodies = {key: body for key, url in urls.items() if (body := index.body(url)) is not None}
    sources, origins = {}, {}
    for key, identity in truth.expected_http(index).items():
        if identity.kind == "sdist" and identity.project is not None:
            # A URL a person gave has no hash in it
            known = None if identity.project == "direct" else hashlib.sha256(bodies[key]).hexdigest()
            sources[identity.project] = truth.Source(urls[key], known and "sha256", known)
            origins[identity.project] = urls[key]
    # pip takes the fragment off like this, which drops the empty host from git+file:///path
    sources["from-git"] = truth.Source(urlunsplit(urlsplit(f"git+{repository.as_uri()}@{commit}")))
    origins["from-git"] = repository.as_uri()
    redirected = {truth.url_key(url) for url in index.redirected()}
    return Filled(version, cache, urls, truth.expected_http(index), bodies, redirected, sources, origins, commit)


def _git_repository(folder: Path) -> tuple[Path, str]:
    """A repository with one commit, and the commit."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("no git command to make a repository with")
    repository = folder / "repository"
    for path, data in source_tree("from-git", "0.7").items():
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    env = clean_environment(folder / "home")
    author = ["-c", "user.name=fixture", "-c", "user.email=fixture@localhost", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message", "one"]):
        subprocess.run([git, *command], cwd=repository, env=env, check=True, capture_output=True)
    head = subprocess.run(
        [git, "rev-parse", "HEAD"], cwd=repository, env=env, check=True, capture_output=True, encoding="ascii"
    )
    return repository, head.stdout.strip()


@pytest.mark.parametrize("stray", [None, "notes.txt", "packages/x", "archive-v0/x", "artifacts/x", "CACHEDIR.TAG"])
def test_each_store_alone_is_pips_cache(filled: Filled, tmp_path: Path, stray: str | None) -> None:
    stores = [path for path in sorted(filled.cache.iterdir()) if path.is_dir()]
    assert {"wheels"} < {store.name for store in stores}
    for store in stores:
        alone = tmp_path / store.name
        shutil.copytree(store, alone / store.name)
        if stray is not None:
            (alone / stray).parent.mkdir(exist_ok=True)
            (alone / stray).touch()
        assert look_at(str(alone)) == Look(Installer.PIP)
