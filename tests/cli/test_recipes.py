"""The recipes of the documentation, as far as a machine without their services can: by shell, with real pips."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.index import Index
from tests.support.pips import clean_environment
from tests.support.places import DOCS, REPOSITORY
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.pips


RECIPES = (DOCS / "ci.md").read_text(encoding="utf-8")

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
    match = re.search(rf"<!-- recipe {name} -->\n```\w+\n(.*?)```\n", RECIPES, re.DOTALL)
    assert match is not None
    return match[1]


SAVES = "steps.python.outputs.cache-hit != 'true'"
"""The condition of a step that is skipped where nothing will be saved."""


def github(*, is_exact_hit: bool = False) -> list[str]:
    """The scripts of a job's steps, each run by itself, without those that an exact hit skips."""
    steps: list[dict[str, str]] = yaml.safe_load(recipe("github"))["steps"]
    assert {step["if"] for step in steps if "if" in step} == {SAVES}
    assert any(step.get("id") == "python" for step in steps)
    return [step["run"] for step in steps if "run" in step and not (is_exact_hit and "if" in step)]


def gitlab(*parts: str) -> list[str]:
    """The commands of a job, in the order in which the runner takes them."""
    job: dict[str, list[str]] = yaml.safe_load(recipe("gitlab"))["test"]
    return [line for part in parts or ("before_script", "script", "after_script") for line in job[part]]


def circleci() -> list[str]:
    """The commands of a job's steps; the steps that only the service has are left out."""
    steps: list[str | dict[str, object]] = yaml.safe_load(recipe("circleci"))["jobs"]["test"]["steps"]
    return [str(step["run"]) for step in steps if isinstance(step, dict) and "run" in step]


def azure(*, is_exact_hit: bool = False) -> list[str]:
    """The scripts of a job's steps, without the one that an exact hit skips."""
    steps: list[dict[str, str]] = yaml.safe_load(recipe("azure"))["steps"]
    (condition,) = {step["condition"] for step in steps if "condition" in step}
    assert condition == "and(succeeded(), ne(variables.CACHE_RESTORED, 'true'))"
    return [step["script"] for step in steps if "script" in step and not (is_exact_hit and "condition" in step)]


def jenkins() -> list[str]:
    """The shell steps of a pipeline, in their order."""
    return re.findall(r"^ *sh '(.*)'$", recipe("jenkins"), re.MULTILINE)


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
    return {artifact["kind"] for artifact in Program(cache, capsys).artifacts("list", "--all")}


def runner_files(job: Job) -> Mapping[str, str]:
    """The files and the folder that GitHub's runner names in variables; new for each run."""
    names = ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "RUNNER_TEMP")
    for name in names[:2]:
        (job.folder / name).unlink(missing_ok=True)
    (job.folder / names[2]).mkdir(exist_ok=True)
    return {name: str(job.folder / name) for name in names}


def test_github(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = github()
    assert len(scripts) == 3
    job.run(scripts, **runner_files(job))
    assert kept(job.home / ".cache" / "pip", capsys) == {"built", "sdist", "wheel", "page"}
    summary = (job.folder / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert summary.startswith("| pipcache prune |")
    outputs = (job.folder / "GITHUB_OUTPUT").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z_]+=\d+", line) for line in outputs)
    assert any(re.fullmatch(r"bytes_after=[1-9]\d+", line) for line in outputs)


def add_releases(index: Index) -> None:
    """Serve three releases of a wheel and of an sdist, whose bytes no compression makes small."""
    wheels, sdists = index.add_project("bumped"), index.add_project("bumped-source")
    for version in ("1.0", "2.0", "3.0"):
        payload = {"payload.bin": random.Random(version).randbytes(40_000)}
        filename, body = build_wheel("bumped", version, members=payload)
        index.add_file(wheels, filename, body, version=version, metadata=metadata("bumped", version))
        filename, body = build_sdist("bumped-source", version, members=payload)
        index.add_file(sdists, filename, body, version=version)


@pytest.mark.slow
def test_github_keeps_what_the_lock_needs(job: Job, index: Index) -> None:
    """The cache stays as large as one lock, and a run with the lock of the run before downloads no file."""
    add_releases(index)
    cache = job.home / ".cache" / "pip"
    sizes = []
    for version in ("1.0", "2.0", "3.0"):
        lock = f"tagged==2.0\nsource-gz==0.3\nbumped=={version}\nbumped-source=={version}\n"
        (job.folder / "requirements.txt").write_text(lock, encoding="ascii")
        job.run(github(), **runner_files(job))
        sizes.append(sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()))
        shutil.rmtree(job.folder / "installed")
        index.exchanges.clear()
        printed = job.run(github(is_exact_hit=True), **runner_files(job))
        shutil.rmtree(job.folder / "installed")
        assert "Successfully installed" in printed
        assert "Building wheel" not in printed
        assert not [exchange for exchange in index.exchanges if exchange.path.startswith("/packages/")]
    assert sizes[0] < sizes[2] * 1.05
    assert sizes[2] <= sizes[0] * 1.05


@pytest.mark.slow
def test_gitlab(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    variables: dict[str, str] = yaml.safe_load(recipe("gitlab"))["test"]["variables"]
    assert len(variables) == 3
    expanded = {name: value.replace("$CI_PROJECT_DIR", str(job.folder)) for name, value in variables.items()}
    assert re.search(r"Kept \d+ entries, removed 0: ", job.run(gitlab(), **expanded))
    assert kept(job.folder / ".cache" / "pip", capsys) == {"built", "sdist", "wheel", "page"}


@pytest.mark.slow
def test_circleci(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = circleci()
    assert len(scripts) == 4
    assert re.search(r"Kept \d+ entries, removed 0: ", job.run(scripts))
    assert kept(job.home / ".cache" / "pip", capsys) == {"built", "sdist", "wheel", "page"}


@pytest.mark.slow
def test_azure(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    variables: dict[str, str] = yaml.safe_load(recipe("azure"))["variables"]
    place = str(job.folder / "workspace")
    expanded = {name: value.replace("$(Pipeline.Workspace)", place) for name, value in variables.items()}
    expanded["AGENT_TEMPDIRECTORY"] = str(job.folder / "agent")
    assert len(azure()) == 2
    assert re.search(r"Kept \d+ entries, removed 0: ", job.run(azure(), **expanded))
    assert kept(job.folder / "workspace" / ".pip", capsys) == {"built", "sdist", "wheel", "page"}
    shutil.rmtree(job.folder / "installed")
    assert "Successfully installed" in job.run(azure(is_exact_hit=True), **expanded)


@pytest.mark.slow
def test_jenkins_twice_on_one_agent(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert re.search(r"Kept \d+ entries, removed 0: ", job.run(jenkins()))
        shutil.rmtree(job.folder / "installed")
    assert kept(job.home / ".cache" / "pip", capsys) >= {"built", "sdist", "wheel"}


def test_every_recipe_is_run() -> None:
    assert set(re.findall(r"<!-- recipe (\w+) -->", RECIPES)) == {
        name.removeprefix("test_").partition("_")[0] for name in globals() if name.startswith("test_")
    } - {"every"}


@pytest.mark.slow
def test_docker(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    printed = job.run(docker())
    assert re.search(r"Kept \d entries, removed 0: ", printed)
    assert kept(job.home / ".cache" / "pip", capsys) >= {"built", "sdist", "wheel"}


@pytest.mark.slow
def test_cron(job: Job) -> None:
    job.run(gitlab("script"))
    (job.home / ".local" / "bin").mkdir(parents=True)
    (job.home / ".local" / "bin" / "pipcache").symlink_to(job.folder / "opt" / "pipcache" / "bin" / "pipcache")
    job.run(gitlab("before_script"))
    (printed,) = job.run(cron()).splitlines()
    assert printed.startswith("Kept ")
