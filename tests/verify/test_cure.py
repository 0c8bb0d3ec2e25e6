"""The command line at the end of ``verify`` removes what has findings and nothing else, and cures the cache."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.cli.main import run
from tests.support import archives, caches
from tests.support.slow import slow_except

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.lock_samples import Write
    from tests.support.program import Program


FILES = "https://files.example/packages/"


def healthy(builder: CacheBuilder) -> set[str]:
    """Entries without a finding: downloads and a built wheel. Gives their keys."""
    keys = {
        builder.download(f"{FILES}{name}", body)
        for name, body in (archives.build_wheel("good", "1.0"), archives.build_sdist("good", "1.0"))
    }
    return keys | {builder.built(None, *archives.build_wheel("good", "2.0"))}


def cure(line: str) -> None:
    """Run a command line as a shell would, and answer its questions with yes."""
    for command in line.split(" && "):
        program, *words = shlex.split(command)
        assert program == "pipcache"
        assert run([*words, "--yes"]) == 0, command


def keys_of(program: Program) -> set[str]:
    return {artifact["key"] for artifact in program.artifacts("list", "--all")}


def accused_keys(document: dict[str, Any]) -> set[str]:
    """The keys of what has findings."""
    return {judgement["artifact"]["key"] for judgement in document["judgements"] if judgement["findings"]}


def assert_cures(program: Program, *options: str) -> None:
    before = keys_of(program)
    ran = program("verify", *options, "--format", "json")
    assert ran.code == 1
    line = ran.document["cure"]
    assert program("verify", *options).lines[-1] == f"Cure of all: {line}"
    cure(line)
    assert keys_of(program) == before - accused_keys(ran.document)
    after = program("verify", *options, "--format", "json")
    assert (after.code, after.document["cure"]) == (0, None)


def list_on_page(builder: CacheBuilder, name: str, filename: str) -> None:
    """Let an index page name a file, whose bytes do not."""
    text = f"<html><title>Links for {name}</title><a href='{FILES}{filename}'>{filename}</a></html>"
    builder.download(f"https://index.example/simple/{name}/", text.encode())


def damage(builder: CacheBuilder) -> None:
    """Findings with each verdict, and without one."""
    healthy(builder)
    for name in ("cut", "torn"):
        filename, body = archives.build_wheel(name, "1.0")
        caches.cut(builder.body(builder.download(FILES + filename, body)), 100)
        list_on_page(builder, name, filename)
    filename, _ = archives.build_wheel("signin", "1.0")
    builder.download(FILES + filename, b"<html><title>Sign in</title></html>")
    list_on_page(builder, "signin", filename)
    filename, body = archives.build_wheel("foo", "1.0")
    varied = {**caches.FILE_HEADERS, "Vary": "Authorization"}
    sent = {"Authorization": "Basic c2VjcmV0"}
    builder.download(FILES + filename, body, headers=varied, request_headers=sent)  # PC106
    builder.built({"url": "file:///home/ada/foo-1.0", "dir_info": {}}, filename, body)  # PC603
    builder.download(FILES + "headless.whl", body)
    builder.download(FILES + "bodyless.whl", None)
    caches.remove(builder.head(builder.download(FILES + "headless.whl", body)))
    page = b"<html><title>Links for other</title><a href='other-1.0.zip'>other-1.0.zip</a></html>"
    length = {**caches.FILE_HEADERS, "Content-Length": "4000"}
    builder.download("https://index.example/simple/other/", page, headers=length)  # PC101
    builder.raw(FILES + "garbled.whl", b"cc=4,\x81\xa1", body)


@pytest.mark.parametrize(
    "options",
    slow_except(
        (["cut", "signin"], ["--kind", "wheel", "--larger-than", "50B"]),
        (
            [],
            ["--thorough"],
            ["cut", "signin"],
            ["foo"],
            ["*"],
            ["--kind", "wheel", "--larger-than", "50B"],
            ["--kind", "built", "--newer-than", "1d"],
            ["--store", "http-v2", "--older-than", "0s"],
            ["--select", "PC3"],
            ["--ignore", "PC3,PC106"],
            ["--fail-on", "damaged"],
        ),
    ),
    ids=" ".join,
)
def test_many_findings(builder: CacheBuilder, program: Program, options: list[str]) -> None:
    damage(builder)
    assert_cures(program, *options)


def test_it_goes_by_the_verdicts_where_they_say_all(builder: CacheBuilder, program: Program) -> None:
    damage(builder)
    with_verdict = program("verify", "cut", "signin", "torn", "--format", "json").document["cure"]
    place = shlex.quote(str(builder.root))
    assert with_verdict == f"pipcache remove --damaged --poisoned cut signin torn --cache-dir {place}"
    only = program("verify", "cut", "--format", "json").document["cure"]
    assert only == f"pipcache remove --damaged cut --cache-dir {place}"


def test_what_a_lock_accuses_goes_with_the_lock(builder: CacheBuilder, program: Program, write: Write) -> None:
    healthy(builder)
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    lock = write("my locks/it's.txt", f"foo==1.0 --hash=sha256:{'0' * 64}\n")
    assert_cures(program, "--against", lock)


def test_a_healthy_wheel_of_the_same_folder_stays(builder: CacheBuilder, program: Program) -> None:
    origin = {"url": "file:///home/ada/foo-1.0", "dir_info": {}}
    builder.built(origin, *archives.build_wheel("foo", "1.0"))
    key = builder.built(None, *archives.build_wheel("bar", "1.0"))
    filename, body = archives.build_wheel("bar", "1.1")
    wheel = builder.folder(key) / filename
    wheel.write_bytes(body[: len(body) // 2])
    ran = program("verify", "--format", "json")
    cure(ran.document["cure"])
    assert not wheel.exists()
    assert [artifact["version"] for artifact in program.artifacts("list", "bar")] == ["1.0"]
    assert program("verify").code == 0


def test_a_directory_that_was_not_typed_is_not_in_it(
    builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(builder)
    monkeypatch.setenv("PIP_CACHE_DIR", str(builder.root))
    assert run(["verify", "cut"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Cure of all: pipcache remove --damaged cut"


def test_where_nothing_is_wrong_nothing_is_to_be_cured(builder: CacheBuilder, program: Program) -> None:
    healthy(builder)
    assert "Cure" not in program("verify").out


def test_no_password_stands_in_it(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("cut", "1.0")
    caches.cut(builder.body(builder.download(FILES + filename, body)), 100)
    selector = FILES.replace("://", "://ada:hunter2@") + filename
    ran = program("verify", selector, "--format", "json")
    assert "hunter2" not in ran.document["cure"]
    cure(ran.document["cure"])
    assert program("verify").code == 0


def test_what_pip_would_fetch_again_has_no_cure(builder: CacheBuilder, program: Program) -> None:
    """A wheel that some pips refuse is as it was published: PC507 alone, and no verdict."""
    damage(builder)
    filename, body = archives.build_wheel("newer", "1.0", requires=["a (>=1.0.*)"])
    key = builder.download(FILES + filename, body)
    (judgement,) = program("verify", "newer", "--format", "json").document["judgements"]
    assert ({finding["code"] for finding in judgement["findings"]}, judgement["cure"]) == ({"PC507"}, None)
    assert (
        "  Cure: none here, because pip would download or build the same file again"
        in program("verify", "newer").lines
    )
    cure(program("verify", "--format", "json").document["cure"])
    assert key in keys_of(program)
