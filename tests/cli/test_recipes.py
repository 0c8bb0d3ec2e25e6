"""The README's recipes, run as far as a machine without their services can: each shell line, with a real pip."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.index import Index
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.pips


README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

# stands for the machine's Python: what it installs goes aside, and pipcache's own environment is this one
PYTHON = f"""#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$3/bin"
    printf '#!/bin/sh\\nexec "{sys.executable}" -m pipcache "$@"\\n' > "$3/bin/pipcache"
    printf '#!/bin/sh\\nexit 0\\n' > "$3/bin/pip"
    chmod +x "$3/bin/pipcache" "$3/bin/pip"
    exit
fi
exec "{sys.executable}" "$@"
"""


def recipe(name: str) -> str:
    """The block behind a recipe's mark."""
    match = re.search(rf"<!-- recipe {name} -->\n```\w+\n(.*?)```\n", README, re.DOTALL)
    assert match is not None
    return match[1]


def github() -> list[str]:
    """The scripts of a job's steps, each run by itself."""
    lines = recipe("github").splitlines()
    scripts: list[str] = []
    for number, line in enumerate(lines):
        if (found := re.match(r"( *)(- )?run: \|$", line)) is not None:
            indent = len(found[0]) - len("run: |")
            below = lines[number + 1 :]
            end = next((at for at, one in enumerate(below) if len(one) - len(one.lstrip()) <= indent), len(below))
            scripts.append("\n".join(below[:end]))
    return scripts


def gitlab() -> list[str]:
    """The commands of a job, in the order in which the runner takes them."""
    return re.findall(r"(?m)^ {4}- (.*)$", recipe("gitlab"))


def docker() -> list[str]:
    """The commands of an image's build."""
    joined = recipe("docker").replace("\\\n", " ")
    return [re.sub(r"--mount=\S+", "", line[4:]) for line in joined.splitlines() if line.startswith("RUN ")]


def cron() -> list[str]:
    """The command of a line of crontab, behind its five fields."""
    (line,) = recipe("cron").splitlines()
    return [line.split(None, 5)[5]]


class Job:
    """A machine that has a lock file, an index and nothing else."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder = folder
        self.home = folder / "home"
        programs = folder / "programs"
        programs.mkdir()
        (programs / "python").write_text(PYTHON, encoding="utf-8")
        (programs / "python").chmod(0o755)
        (folder / "requirements.txt").write_text("tagged==2.0\nsource-gz==0.3\n", encoding="ascii")
        self._environment = {
            **clean_environment(self.home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "PIP_INDEX_URL": index.simple,
            "PIP_TRUSTED_HOST": "127.0.0.1",
            "PIP_TARGET": str(folder / "installed"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def run(self, scripts: list[str], **environment: str) -> str:
        """Run scripts one after the other as a runner does, and return what they printed."""
        printed = ""
        for script in scripts:
            done = subprocess.run(
                ["sh", "-e", "-c", script.replace("/opt/", f"{self.folder}/opt/")],
                cwd=self.folder,
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            assert done.returncode == 0, (script, done.stdout, done.stderr)
            printed += done.stdout
        return printed


@pytest.fixture
def job(tmp_path: Path, index: Index) -> Job:
    return Job(tmp_path, index)


def kept(cache: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    return {one["kind"] for one in Program(cache, capsys).artifacts("list", "--all")}


def test_github(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    files: Mapping[str, str] = {
        name: str(job.folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "RUNNER_TEMP")
    }
    scripts = github()
    assert len(scripts) == 3
    (job.folder / "RUNNER_TEMP").mkdir()
    job.run(scripts, **files)
    assert kept(job.home / ".cache" / "pip", capsys) == {"built", "sdist"}
    summary = (job.folder / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert summary.startswith("| pipcache prune |")
    outputs = (job.folder / "GITHUB_OUTPUT").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z_]+=\d+", line) for line in outputs)
    assert any(re.fullmatch(r"bytes_after=[1-9]\d+", line) for line in outputs)


def test_gitlab(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    variables = dict(re.findall(r'(?m)^ {4}([A-Z_]+): "(.*)"$', recipe("gitlab")))
    assert len(variables) == 4
    expanded = {name: value.replace("$CI_PROJECT_DIR", str(job.folder)) for name, value in variables.items()}
    assert "Kept 2 entries, removed " in job.run(gitlab(), **expanded)
    assert kept(job.folder / ".cache" / "pip", capsys) == {"built", "sdist"}


def test_docker(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    printed = job.run(docker())
    assert re.search(r"Kept \d entries, removed 0: ", printed)
    assert kept(job.home / ".cache" / "pip", capsys) >= {"built", "sdist", "wheel"}


def test_cron(job: Job) -> None:
    job.run(gitlab()[2:3])
    (job.home / ".local" / "bin").mkdir(parents=True)
    (job.home / ".local" / "bin" / "pipcache").symlink_to(job.folder / "opt" / "pipcache" / "bin" / "pipcache")
    job.run(gitlab()[:1])
    (printed,) = job.run(cron()).splitlines()
    assert printed.startswith("Kept ")
