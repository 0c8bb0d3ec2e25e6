"""What the program does to the system, as the interpreter's audit hooks announce it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NamedTuple

from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

WATCH = """
import json, os, sys
events = []
def watch(event, arguments):
    if not event.startswith(("object.", "sys._", "code.", "compile", "exec", "import", "marshal", "gc.")):
        events.append((event, [one if isinstance(one, int) else os.fsdecode(one)
                               for one in arguments if isinstance(one, (int, str, bytes))]))
sys.addaudithook(watch)
from pipcache.cli.main import run
code = run(sys.argv[1:])
sys.stdout.flush()
print(json.dumps({"code": code, "events": events}), file=sys.stderr)
"""


class Event(NamedTuple):
    """Something the interpreter was about to do."""

    name: str
    arguments: list[str | int]


def watched(cache: CacheBuilder, *arguments: str, code: int = 0) -> list[Event]:
    """Everything a run did that the interpreter announces, imports aside."""
    home = cache.root.parent / "home"
    env = clean_environment(home) | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", WATCH, arguments[0], "--cache-dir", str(cache.root), *arguments[1:]]
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, encoding="utf-8", check=False)
    report = json.loads(done.stderr.splitlines()[-1])
    assert report["code"] == code
    return [Event(*event) for event in report["events"]]
