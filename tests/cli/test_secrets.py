"""No secret of the cache, of the command line, of the environment or of a given file comes out of any answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from tests.support import archives, caches
from tests.support.answers import named_wheel
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from pathlib import Path

HOST = "index.example"


class Secrets:
    """Makes secrets, and remembers what each is."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def new(self, what: str) -> str:
        """Return a new secret."""
        secret = f"S3CR3Tx{len(self.planted):02}q"
        self.planted[secret] = what
        return secret

    def shown(self, answer: str) -> list[str]:
        """Return what an answer gives away."""
        return [what for secret, what in self.planted.items() if secret in answer]


QUERY_NAMES = (
    *("jwt", "session", "sig", "token", "key", "X-Amz-Signature", "X-Amz-Credential", "X-Goog-Signature", "st"),
    *("access_token", "api_key", "code", "ticket", "sid", "whatever"),
)
HEADERS = (
    *("authorization", "set-cookie", "x-company", "x-auth", "www-authenticate", "x-request-key", "proxy-status"),
    *("x-amz-meta-note", "x-api-key"),
)
COMMANDS: tuple[tuple[str, ...], ...] = (
    *[("list", *rest) for rest in ((), ("--all",), ("--format", "json"), ("--all", "--format", "json"))],
    *[("list", "--unnamed", *rest) for rest in ((), ("--format", "json"))],
    *[("show", "*", *rest) for rest in ((), ("--format", "json"), ("--kind", "built"), ("--kind", "other"))],
    *[("info", *rest) for rest in ((), ("--format", "json"))],
    *[("verify", *rest) for rest in ((), ("--format", "json"), ("--thorough",), ("--against", "{lock}"))],
    *[("audit", "foo", "--format", form) for form in ("table", "json", "sarif", "markdown", "line")],
    *[
        ("audit", "--advisory", "{advisory}", "--format", form)
        for form in ("table", "json", "sarif", "markdown", "line")
    ],
    *[("audit", "{url}", "--format", form) for form in ("table", "json", "sarif", "markdown", "line")],
    *[
        ("audit", "--advisory", "{url}", "--format", form)
        for form in ("table", "json", "sarif", "markdown", "line")
    ],
    *[("audit", "foo", "--only-ids", "{url}", "--format", form) for form in ("table", "json", "line")],
    *[("remove", "-r", "{url}", "--dry-run", *rest) for rest in ((), ("--format", "json"))],
    *[("verify", "--against", "{url}", *rest) for rest in ((), ("--format", "json"))],
    *[("prune", "--keep-for", "{url}", "--dry-run", *rest) for rest in ((), ("--format", "json"))],
    *[("list", "--from", "{url}", *rest) for rest in ((), ("--format", "json"))],
    *[(name, "{url}", *rest) for name in ("list", "show", "verify") for rest in ((), ("--format", "json"))],
    *[("remove", "{url}", "--dry-run", *rest) for rest in ((), ("--format", "json"))],
    *[("remove", "foo", "--dry-run", *rest) for rest in ((), ("--format", "json"))],
    ("remove", "-r", "{selectors}", "--dry-run"),
    *[("remove", "--advisory", "{advisory}", "--dry-run", "--format", form) for form in ("json", "line")],
    *[("prune", "--dry-run", "--format", form) for form in ("table", "json", "github")],
    ("prune", "--dry-run", "--keep-for", "{lock}"),
    *[("lock", "--format", form) for form in ("requirements", "sha256sums", "json")],
    *[
        ("lock", *rest)
        for rest in (
            ("--latest", "--format", "pylock"),
            ("--for", "{lock}"),
            ("{url}",),
            ("{url}", "--format", "json"),
        )
    ],
    *[
        ("export", "nowhere", "--dry-run", *rest)
        for rest in ((), ("--format", "json"), ("--for", "{lock}"), ("{url}", "--unverified"))
    ],
    *[("dir", *rest) for rest in ((), ("--explain",), ("--format", "json"))],
    *[("clear", "--dry-run", *rest) for rest in ((), ("--format", "json"))],
    *[
        ("list", "--format", "{url}"),
        ("list", "--older-than", "{url}"),
        ("{url}",),
        ("verify", "--against", "{url}"),
    ],
    *[("show", "{url} {url}"), ("list", "foo @ {url}"), ("audit", "--advisory", "{url}"), ("list", "--{url}")],
)


def plant(tmp_path: Path, secrets: Secrets) -> tuple[CacheBuilder, dict[str, str]]:
    """Make a cache with secrets wherever a stranger's text can stand; return it, and what commands are given."""
    builder = CacheBuilder(tmp_path / "cache")

    def url(what: str, path: str = "/x") -> str:
        return f"https://user:{secrets.new(f'password in {what}')}@{HOST}{path}"

    query = "&".join(f"{name}={secrets.new(f'query {name}')}" for name in QUERY_NAMES)
    headers = {name: f"{secrets.new(f'header {name}')}" for name in HEADERS}
    headers |= {
        "x-any": f"Bearer {secrets.new('Bearer')}",
        "server": f"Basic {secrets.new('Basic')}",
        "via": f"token {secrets.new('token')}",
        "link": f"<{url('Link')}?a={secrets.new('query in Link')}>; rel=next",
        "content-location": f"/f.whl?{secrets.new('bare query')}#{secrets.new('bare fragment')}",
        "x-served-by": f"password={secrets.new('assignment')}",
        "content-disposition": f'attachment; filename="foo-1.0-py3-none-any.whl?t={secrets.new("file name")}"',
    }
    metadata = (
        f"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nSummary: see {url('Summary')} {url('Summary, again')}\n"
        f"Home-page: {url('Home-page')}\nRequires-Python: >=3 # {url('Requires-Python')}\n\n"
    )
    wheel = ("foo-1.0-py3-none-any.whl", named_wheel("foo-1.0", "py3-none-any", metadata.encode()))
    builder.download(f"https://{HOST}/{wheel[0]}", wheel[1], headers=caches.FILE_HEADERS | headers)
    location = url("Location", f"/t/{secrets.new('folder')}/f.whl") + f"?{query}"
    builder.download(
        f"https://{HOST}/old", b"", headers={"location": location, "refresh": url("Refresh")}, status=301
    )
    origin = {
        "url": f"git+{url('origin.json')}?{secrets.new('query in origin.json')}",
        "vcs_info": {"vcs": "git", "commit_id": "0" * 40, "requested_revision": url("requested_revision")},
        "subdirectory": url("subdirectory"),
    }
    builder.built(origin, *archives.build_wheel("foo", "2.0"))
    row = {"filename": wheel[0], "url": f"{url('page', f'/{wheel[0]}')}?{query}", "yanked": f"by {url('yanked')}"}
    page = json.dumps({"meta": {}, "name": "foo", "files": [row]}).encode()
    page_type = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download(f"https://{HOST}/simple/foo/", page, headers=caches.FILE_HEADERS | page_type)
    advisory = {
        "id": "MAL-1",
        "summary": url("advisory"),
        "affected": [{"package": {"ecosystem": "PyPI", "name": "foo"}, "versions": ["1.0", url("a version")]}],
        "references": [{"type": "WEB", "url": f"{url('reference', f'/{wheel[0]}')}?{query}"}],
        "database_specific": {"iocs": {"urls": [url("ioc")], "domains": [url("domain")]}},
    }
    (tmp_path / "MAL-1.json").write_text(json.dumps(advisory))
    digest = "0" * 64
    lock = f"foo @ {url('lock', f'/{wheel[0]}')}?{query} --hash=sha256:{digest}\nbar==1 --hash=sha256:{digest}\n"
    (tmp_path / "requirements.txt").write_text(f"--index-url {url('index of a lock')}\n{lock}")
    typed = f"https://{secrets.new('user')}:{secrets.new('password')}@{HOST}/x?jwt={secrets.new('jwt typed')}"
    (tmp_path / "selectors").write_text(f"{url('a selector')}\nfoo @ {url('a selector, refused')}\n")
    given = {"advisory": "MAL-1.json", "lock": "requirements.txt", "selectors": "selectors"}
    return builder, {name: str(tmp_path / path) for name, path in given.items()} | {"url": typed}


def test_no_secret_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = Secrets()
    builder, given = plant(tmp_path, secrets)
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nindex-url = https://u:{secrets.new('configuration')}@{HOST}/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"https://{secrets.new('environment')}@{HOST}/simple")
    monkeypatch.setenv("HTTPS_PROXY", f"http://u:{secrets.new('proxy')}@proxy.example:80")
    assert len(secrets.planted) > 45
    through = {}
    for command in COMMANDS:
        arguments = [part.format_map(given) for part in command]
        run(["--cache-dir", str(builder.root), *arguments])
        answer = "".join(capfd.readouterr())
        assert answer, command
        if shown := secrets.shown(answer):
            through[command] = shown
    assert through == {}
    assert len(COMMANDS) > 51


def test_no_secret_is_saved_beside_a_copy(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secrets = Secrets()
    builder, given = plant(tmp_path, secrets)
    folder = tmp_path / "kept"
    run(
        [
            "remove",
            "--advisory",
            given["advisory"],
            "--yes",
            "--save",
            str(folder),
            "--cache-dir",
            str(builder.root),
        ]
    )
    notes = [path.read_text("utf-8") for path in folder.glob("*.json")]
    assert notes
    assert secrets.shown("".join((*notes, *capfd.readouterr()))) == []
