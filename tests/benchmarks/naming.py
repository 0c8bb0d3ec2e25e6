"""Names and proofs on a cache that a real pip filled from the real index.

python -m tests.benchmarks.naming CACHE_DIR
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.realcache import RealCache, copy_entries, read_cache
from tests.support.archives import normalise
from tests.support.truth import url_key

WHEELS_PROVED = 0.99


def main() -> int:
    """Print the figures; 1 when one is under its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path, help="a cache directory with its index pages")
    cache = read_cache(parser.parse_args().cache.resolve())
    wheels = sum(file.is_wheel for file in cache.files.values())
    print(f"{cache.root}: {len(cache.entries)} entries, {len(cache.pages)} index pages with {cache.listed} URLs")
    print(f"files on these pages: {len(cache.files)} ({wheels} wheels, {len(cache.files) - wheels} sdists)")
    is_named = _check_names(cache)
    return 0 if _check_proofs(cache) and is_named and cache.files else 1


def _artifacts(*arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "pipcache", *arguments, "--format", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    artifacts: list[dict[str, Any]] = json.loads(done.stdout)["artifacts"]
    return artifacts


def _check_names(cache: RealCache) -> bool:
    """Hold what `list` says of every distribution against its index page."""
    answers = {artifact["key"]: artifact for artifact in _artifacts("list", "--cache-dir", os.fspath(cache.root))}
    wrong: list[str] = []
    for key, file in sorted(cache.files.items()):
        answer = answers.get(key, {})
        expected = ("wheel" if file.is_wheel else "sdist", file.filename, file.project, file.version)
        given = (
            answer.get("kind"),
            answer.get("filename"),
            normalise(answer.get("project") or ""),
            answer.get("version"),
        )
        if given != expected:
            wrong.append(f"{key}: {given}, the index has {expected}")
    wrong += [f"{key}: {answers[key]['filename']}, on no page" for key in sorted(answers.keys() - cache.files)]
    print(f"kind, file name, project and version as the index has them: {len(cache.files) - len(wrong)}")
    for line in wrong:
        print(f"  WRONG {line}")
    return not wrong


def _check_proofs(cache: RealCache) -> bool:
    """Count what `show` proves by the key alone, with no index page in the cache."""
    with tempfile.TemporaryDirectory(prefix="pipcache-proofs-") as folder:
        copy_entries(cache, cache.entries.keys() - cache.pages, Path(folder), link=True)
        answers = _artifacts("show", "*", "--cache-dir", folder)
    proved: dict[bool, int] = {True: 0, False: 0}
    lines: list[str] = []
    for answer in answers:
        file = cache.files.get(answer["key"])
        if file is None:
            lines.append(f"on no page: {answer['filename']}")
        elif not answer["url_proved"]:
            lines.append(f"not proved: {file.filename}, taken for {answer['filename']}")
        elif url_key(answer["url"]) != answer["key"] or answer["filename"] != file.filename:
            lines.append(f"PROVED WRONGLY: {file.filename} as {answer['url']}")
        else:
            proved[file.is_wheel] += 1
    wheels = sum(file.is_wheel for file in cache.files.values())
    sdists = len(cache.files) - wheels
    share = proved[True] / wheels if wheels else 1.0
    print("proved by key and content, all index pages removed:")
    print(f"  wheels {proved[True]} of {wheels} ({share:.1%}, target {WHEELS_PROVED:.0%}), ", end="")
    print(f"sdists {proved[False]} of {sdists}")
    for line in lines:
        print(f"  {line}")
    return share >= WHEELS_PROVED and not any("WRONGLY" in line for line in lines)


if __name__ == "__main__":
    sys.exit(main())
