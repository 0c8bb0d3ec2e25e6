"""Real pips after a purge of a machine: what was removed from every user's cache is gone for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel
from tests.support.homes import Homes, manifest_below
from tests.support.index import Index
from tests.support.pips import run_pip

if TYPE_CHECKING:
    from pathlib import Path

USERS = {"ada": "26.3", "bob": "23.2.1"}


@pytest.mark.slow
def test_no_user_installs_it_any_more(tmp_path: Path) -> None:
    homes = Homes(tmp_path)
    with Index() as index:
        projects = {name: index.add_project(name) for name in ("evil", "foo")}
        urls = []
        for name, version in (("evil", "1.0"), ("evil", "2.0"), ("foo", "1.0")):
            urls.append(index.add_file(projects[name], *build_wheel(name, version), version=version))

        def downloads(user: str, folder: str) -> list[bool]:
            """Whether this user's pip gets each file by its URL."""
            codes = []
            for url in urls:
                command = ["download", "--no-deps", "--retries", "0", "--dest", folder, url]
                home = homes.folder / "home" / user
                done = run_pip(USERS[user], command, cache_dir=homes.cache(user), cwd=home)
                assert "Traceback" not in done.stderr, done.stderr
                codes.append(done.returncode == 0)
            return codes

        for user in USERS:
            homes.add(user, filled=False)
            assert downloads(user, "first") == [True] * 3
        index.down_files = True
        for user in USERS:  # from the cache alone
            assert downloads(user, "second") == [True] * 3
        homes.advisory.write_text("evil==1.0\nevil==2.0\n", encoding="utf-8")
        done = homes.start(*homes.command("--yes", save=homes.kept))
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "A second look at 2 caches finds nothing."
        for user in USERS:
            assert downloads(user, "third") == [False, False, True]
    kept = [file["name"].rpartition("/")[2] for file in manifest_below(homes.kept)["files"] if file["name"]]
    assert sorted(kept) == sorted(["evil-1.0-py3-none-any.whl", "evil-2.0-py3-none-any.whl"] * 2)
