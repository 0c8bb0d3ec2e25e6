"""Real releases of uv, the packages that they install in tests, and every way to fill a cache."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pipcache.installers.uv_pointer import read_pointer
from tests.support.archives import build_sdist, build_wheel, metadata, source_tree
from tests.support.index import Delivery, Index
from tests.support.static_server import LOOPBACK, StaticServer
from tests.support.tools import tool, tool_environment, tool_of_release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipcache.installers.uv_pointer import Pointer
    from tests.support.index import Project

NEWEST = "newest"

RELEASES = ("0.9.30", "0.12.24", NEWEST)
"""The releases that ``.ci/run`` installs: the last of two older layouts, and the newest that there is."""

LONG = "1.0+local.build.with.a.very.long.version.string"


def uv_program(release: str) -> Path:
    """The program of a release; where it is not installed the test is skipped, and in CI it fails."""
    return tool("uv") if release == NEWEST else tool_of_release("uv", release)


class Filled(NamedTuple):
    """What a fill put into a cache.

    Attributes:
        wheels: the file names of the wheels that were downloaded or taken from a folder, and the bytes.
        sdists: the same of sdists that were unpacked.
        built: the (project, version) of what was built here.
        environments: the distributions of each kind of environment.
        seen: the (project, version) that the resolver looked at, and did not download.
    """

    wheels: dict[str, bytes]
    sdists: dict[str, bytes]
    built: set[tuple[str, str]]
    environments: dict[str, set[tuple[str, str]]]
    seen: set[tuple[str, str]]


def script(name: str) -> dict[str, bytes]:
    """The members that give a wheel a command."""
    entry = f"[console_scripts]\n{name} = {name}.cli:main\n".encode()
    code = b"def main():\n    print('it runs')\n"
    return {f"{name}-1.0.dist-info/entry_points.txt": entry, f"{name}/cli.py": code}


class Wares:
    """Packages on an index, and as files in a folder; the bad one is called litellm, and is harmless."""

    def __init__(self, index: Index, server: StaticServer) -> None:
        """Fill an index, and the folder of a server for what is not listed."""
        self.index = index
        self.server = server
        self._projects: dict[str, Project] = {}
        self.files: dict[str, bytes] = {}
        self.urls: dict[str, str] = {}
        bad = {"litellm_init.pth": b"import litellm\n"}
        self.wheel("six", "1.17.0")
        self.wheel("click", "8.0", requires=["six"])
        self.wheel("rich", "13.0")
        self.wheel("litellm", "1.82.7", members=bad)
        self.wheel("litellm", "1.82.8")
        self.wheel("acme-long", LONG)
        self.wheel("runme", "1.0", members=script("runme"))
        self.sdist("docopt", "0.6.2")
        self.wheel("byurl", "2.0", listed=False)
        self.sdist("sdisturl", "2.1", listed=False)

    def wheel(
        self,
        name: str,
        version: str,
        *,
        requires: list[str] | None = None,
        members: Mapping[str, bytes] | None = None,
        listed: bool = True,
    ) -> None:
        """Add a wheel."""
        filename, body = build_wheel(name, version, requires=requires or [], members=members)
        self._add(name, version, filename, body, metadata(name, version, requires=requires or []), listed=listed)

    def sdist(self, name: str, version: str, *, listed: bool = True) -> None:
        """Add an sdist."""
        filename, body = build_sdist(name, version)
        self._add(name, version, filename, body, None, listed=listed)

    def _add(
        self, name: str, version: str, filename: str, body: bytes, side: bytes | None, *, listed: bool
    ) -> None:
        self.files[filename] = body
        if listed:
            if name not in self._projects:
                self._projects[name] = self.index.add_project(name)
            project = self._projects[name]
            self.urls[filename] = self.index.add_file(project, filename, body, version=version, metadata=side)
        else:
            self.server.folder.joinpath(filename).write_bytes(body)
            self.urls[filename] = f"{self.server.root}/{filename}"


class RealUv:
    """A release of uv with a cache, a home and an index of its own."""

    def __init__(self, release: str, folder: Path, wares: Wares, *, cache: Path | None = None) -> None:
        self.release = release
        self.folder = folder
        self.wares = wares
        self.cache = cache or folder / "cache"
        folder.mkdir(exist_ok=True)
        self._program = uv_program(release)
        self._env = tool_environment(folder, {**LOOPBACK, "UV_PYTHON_DOWNLOADS": "never"})

    def __call__(self, *arguments: str, code: int | None = 0, cwd: Path | None = None) -> str:
        """Run it; it has to end with `code`, if that is given. What it said is returned."""
        done = subprocess.run(
            self._command(arguments),
            cwd=cwd or self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        options = ["--cache-dir", str(self.cache), "--no-config", "--no-progress"]
        return [str(self._program), *arguments[:1], *options, *arguments[1:]]

    def install(self, *requirements: str, venv: str = "venv", code: int | None = 0) -> str:
        """Install into an environment, which is made where it is not there."""
        home = self.folder / venv
        if not home.exists():
            self("venv", "-q", "--python", sys.executable, str(home))
        python = str(home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
        options = ["--python", python, "--index-url", self.wares.index.simple]
        return self("pip", "install", *options, *requirements, code=code)

    def run_python(self, venv: str, code: str) -> str:
        """Run Python in an environment."""
        python = self.folder / venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        done = subprocess.run(
            [str(python), "-c", code], env=self._env, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def fill(self) -> Filled:
        """Fill the cache in every way there is."""
        wares, index = self.wares, self.wares.index.simple
        local = self._local_files()
        self.install("six", "click", f"acme-long=={LONG}", "docopt==0.6.2", "litellm==1.82.7")
        self.install(f"byurl @ {wares.urls['byurl-2.0-py3-none-any.whl']}")
        self.install(f"sdisturl @ {wares.urls['sdisturl-2.1.tar.gz']}")
        self.install(str(local / "files/pathwheel-3.0-py3-none-any.whl"))
        self.install("--find-links", str(local / "links"), "findme==4.0")
        self.install(str(local / "pathfolder"))
        self.install("-e", str(local / "editable"))
        tools = ["--python", sys.executable, "--index-url", index]
        assert "it runs" in self("tool", "run", *tools, "runme")
        assert "it runs" in self("tool", "run", *tools, "--with", "litellm==1.82.7", "runme")
        self("run", "--no-project", *tools, "--with", "litellm==1.82.8", "python", "-c", "import litellm")
        (self.folder / "s.py").write_text(
            '# /// script\n# dependencies = ["litellm==1.82.7"]\n# ///\nimport litellm\nprint("from a script")\n'
        )
        assert "from a script" in self("run", *tools, "s.py")
        (self.folder / "r.in").write_text("rich\n")
        self("pip", "compile", "-q", *tools, "r.in")
        names = {"six", "click", "acme_long", "litellm", "byurl", "runme"}
        return Filled(
            {name: body for name, body in wares.files.items() if name.partition("-")[0] in names}
            | {path.name: path.read_bytes() for path in local.rglob("*.whl")},
            {name: body for name, body in wares.files.items() if name.endswith(".tar.gz")},
            {("docopt", "0.6.2"), ("sdisturl", "2.1"), ("pathfolder", "5.0"), ("editable", "6.0")},
            {
                "runme": {("runme", "1.0")},
                "with": {("runme", "1.0"), ("litellm", "1.82.7")},
                "run": {("litellm", "1.82.8")},
                "script": {("litellm", "1.82.7")},
            },
            {("rich", "13.0")},
        )

    def _local_files(self) -> Path:
        local = self.folder / "local"
        for folder, (name, body) in {
            "files": build_wheel("pathwheel", "3.0"),
            "links": build_wheel("findme", "4.0"),
        }.items():
            (local / folder).mkdir(parents=True)
            (local / folder / name).write_bytes(body)
        for name, version in (("pathfolder", "5.0"), ("editable", "6.0")):
            for path, data in source_tree(name, version).items():
                (local / name / path).parent.mkdir(parents=True, exist_ok=True)
                (local / name / path).write_bytes(data)
        with (local / "editable/inplace.py").open("a") as backend:
            backend.write("\nbuild_editable = build_wheel\n")
        return local

    def kill_an_install(self) -> None:
        """Kill an install while the index holds back half of a wheel."""
        index = self.wares.index
        members = {f"big/m{number}": random.Random(number).randbytes(3000) for number in range(200)}
        self.wares.wheel("big", "1.0", members=members)
        self.install(venv="killed", code=None)
        index.deliver(self.wares.urls["big-1.0-py3-none-any.whl"], Delivery.HELD)
        python = str(self.folder / "killed/bin/python")
        arguments = ("pip", "install", "--python", python, "--index-url", index.simple, "big")
        with subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert index.holding.wait(60)
            end = time.monotonic() + 60
            while not any(self.cache.glob(".tmp*/**/big/m*")) and time.monotonic() < end:
                time.sleep(0.05)  # until it has unpacked some of the half
            process.kill()
            process.wait(60)
        index.release.set()


class FullCache:
    """A cache that a release has filled, and with what."""

    def __init__(self, uv: RealUv) -> None:
        self.uv = uv
        self.filled = uv.fill()
        self.root = uv.cache

    def pointers(self) -> dict[Path, Pointer | None]:
        """Every pointer, decoded."""
        paths = sorted(path for ending in ("http", "rev") for path in self.root.rglob(f"*.{ending}"))
        return {
            path: read_pointer(path.read_bytes()) for path in paths if "-v" in path.relative_to(self.root).parts[0]
        }


@contextmanager
def full_cache(release: str, folder: Path) -> Iterator[FullCache]:
    """A cache that a release fills below a folder, with an index that goes on."""
    (folder / "files").mkdir(parents=True)
    with Index() as index, StaticServer(folder / "files") as server:
        yield FullCache(RealUv(release, folder / "uv", Wares(index, server)))
