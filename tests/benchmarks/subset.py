"""A part of a real cache: the first N distributions by key, and the index pages of their projects.

python -m tests.benchmarks.subset CACHE_DIR TARGET N
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.benchmarks.realcache import copy_entries, read_cache


def main() -> int:
    """Write TARGET; every file keeps its times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path, help="a cache directory with its index pages")
    parser.add_argument("target", type=Path, help="a directory that does not exist yet")
    parser.add_argument("number", type=int, help="how many distributions")
    options = parser.parse_args()
    cache = read_cache(options.cache)
    chosen = sorted(cache.files)[: options.number]
    projects = {cache.files[key].project for key in chosen}
    pages = [key for key, project in cache.pages.items() if project in projects]
    options.target.mkdir(parents=True)
    count = copy_entries(cache, [*chosen, *pages], options.target, link=False)
    print(f"{options.target}: {len(chosen)} distributions, {len(pages)} index pages, {count} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
