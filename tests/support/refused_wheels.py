"""Wheels in shapes that pips refuse to install, and healthy ones that come near."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.hostile import INFO, STEM, Part, content_of, record_of, write_zip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Content = dict[str, bytes]

META = f"{INFO}/METADATA"
WHEEL = f"{INFO}/WHEEL"
ENTRY_POINTS = f"{INFO}/entry_points.txt"


def packed(content: Mapping[str, bytes], record: bytes | None = None) -> bytes:
    """A wheel of these members, and of a RECORD that is right unless another is given."""
    made = record_of(content) if record is None else record
    return write_zip(
        [
            Part(path.encode(), data, flags=0 if path.isascii() else 0x800)
            for path, data in {**content, f"{INFO}/RECORD": made}.items()
        ]
    )


def changed(change: Callable[[Content], object]) -> bytes:
    """The wheel with its members changed."""
    content = content_of()
    change(content)
    return packed(content)


def more(members: Mapping[str, bytes]) -> bytes:
    """The wheel with more members."""
    return packed({**content_of(), **members})


def replaced(path: str, old: bytes, new: bytes) -> bytes:
    """The wheel with other text in a member."""
    content = content_of()
    assert old in content[path]
    return packed({**content, path: content[path].replace(old, new)})


def metadata_with(*lines: str) -> bytes:
    """The wheel with more fields in METADATA."""
    return replaced(META, b"\nVersion:", "".join(f"\n{line}" for line in lines).encode() + b"\nVersion:")


def scripts(text: str, group: str = "console_scripts") -> bytes:
    """The wheel with entry points."""
    return more({ENTRY_POINTS: f"[{group}]\n{text}\n".encode()})


def renamed_folder(name: str) -> bytes:
    """The wheel with another `.dist-info` folder."""
    content = {path.replace(INFO, name): data for path, data in content_of().items()}
    rows = record_of(content).replace(INFO.encode(), name.encode())
    return write_zip([Part(path.encode(), data) for path, data in {**content, f"{name}/RECORD": rows}.items()])


def encrypted(path: str) -> bytes:
    """The wheel with a member that says it is encrypted."""
    content = content_of()
    members = {**content, f"{INFO}/RECORD": record_of(content)}
    return write_zip([Part(p.encode(), data, flags=int(p == path)) for p, data in members.items()])


def of_method(method: int) -> bytes:
    """The wheel, compressed by a method."""
    content = content_of({"foo/x.py": b"import x\n" * 100})
    members = {**content, f"{INFO}/RECORD": record_of(content)}
    return write_zip([Part(path.encode(), data, method) for path, data in members.items()])


R = record_of(content_of())

FINE: dict[str, Callable[[], bytes]] = {
    "requires.txt beside Requires-Dist": lambda: packed(
        {
            **content_of(),
            META: content_of()[META].replace(b"Summary", b'Requires-Dist: bar; extra == "x"\nSummary'),
            f"{INFO}/requires.txt": b"???",
        }
    ),
    "requires.txt with a section": lambda: more(
        {f"{INFO}/requires.txt": b"# none\n\n[x:python_version < '2']\nbar>=1\n"}
    ),
    "fine": lambda: packed(content_of()),
    "vendored dist-info": lambda: more(
        {"foo/_vendor/bar-0.9.dist-info/METADATA": b"x", "foo/_vendor/bar-0.9.dist-info/WHEEL": b"x"}
    ),
    "vendored dist-info last": lambda: more(
        {"zzz/bar-0.9.dist-info/METADATA": b"x", "zzz/bar-0.9.dist-info/WHEEL": b"x"}
    ),
    "dist-info of another version": lambda: renamed_folder("foo-2.0.dist-info"),
    "dist-info without version": lambda: renamed_folder("foo.dist-info"),
    "dist-info in capitals": lambda: renamed_folder("Foo-1.0.dist-info"),
    "dist-info with version 1": lambda: renamed_folder("foo-1.dist-info"),
    "Wheel-Version 1.9": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 1.9"),
    "Wheel-Version 1": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 1"),
    "Wheel-Version 0.9": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 0.9"),
    "Wheel-Version -1": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: -1"),
    "wheel-version in small": lambda: replaced(WHEEL, b"Wheel-Version", b"wheel-version"),
    "Wheel-Version twice, 2.0 last": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"Wheel-Version: 1.0\nWheel-Version: 2.0\n"
    ),
    "WHEEL with a junk line after": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"Wheel-Version: 1.0\njunk\n"
    ),
    "WHEEL folded": lambda: replaced(WHEEL, b"Wheel-Version: 1.0\n", b"Wheel-Version:\n 1.0\n"),
    "WHEEL folded version": lambda: replaced(WHEEL, b"Wheel-Version: 1.0\n", b"Wheel-Version: 1\n .0\n"),
    "WHEEL with CRLF": lambda: changed(lambda c: c.update({WHEEL: c[WHEEL].replace(b"\n", b"\r\n")})),
    "WHEEL with CR": lambda: changed(lambda c: c.update({WHEEL: c[WHEEL].replace(b"\n", b"\r")})),
    "WHEEL starts with From": lambda: replaced(WHEEL, b"Wheel-Version: 1.0\n", b"From me\nWheel-Version: 1.0\n"),
    "WHEEL form feed": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"A: b\x0cWheel-Version: 2.0\nWheel-Version: 1.0\n"
    ),
    "WHEEL vertical tab": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"A: b\x0bWheel-Version: 2.0\nWheel-Version: 1.0\n"
    ),
    "WHEEL NEL": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"A: b\xc2\x85Wheel-Version: 2.0\nWheel-Version: 1.0\n"
    ),
    "WHEEL of 20 kB before the version": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"Tag: py3-none-any\n" * 2000 + b"Wheel-Version: 1.0\n"
    ),
    "METADATA no Metadata-Version": lambda: replaced(META, b"Metadata-Version: 2.1\n", b""),
    "METADATA Metadata-Version 3.0": lambda: replaced(META, b"Metadata-Version: 2.1", b"Metadata-Version: 3.0"),
    "METADATA Metadata-Version junk": lambda: replaced(META, b"Metadata-Version: 2.1", b"Metadata-Version: junk"),
    "METADATA Version 1": lambda: replaced(META, b"Version: 1.0\n", b"Version: 1\n"),
    "METADATA Version v1.0": lambda: replaced(META, b"Version: 1.0\n", b"Version: v1.0\n"),
    "METADATA Name twice": lambda: replaced(META, b"Name: foo\n", b"Name: foo\nName: bar\n"),
    "METADATA Version twice": lambda: replaced(META, b"Version: 1.0\n", b"Version: 1.0\nVersion: 2.0\n"),
    "METADATA CRLF": lambda: changed(lambda c: c.update({META: c[META].replace(b"\n", b"\r\n")})),
    "METADATA small keys": lambda: replaced(META, b"Name: foo\n", b"name: foo\n"),
    "METADATA large head": lambda: replaced(META, b"Name: foo\n", b"Classifier: x\n" * 6000 + b"Name: foo\n"),
    "Requires-Python junk": lambda: metadata_with("Requires-Python: junk"),
    "Requires-Python >=3.*": lambda: metadata_with("Requires-Python: >=3.*"),
    "Requires-Dist bad comparison 2": lambda: metadata_with(
        'Requires-Dist: bar; python_version >= "x" and python_version < "2"'
    ),
    "Requires-Dist folded at once": lambda: metadata_with('Requires-Dist:\n bar ; python_version < "2"'),
    "Requires-Dist URL": lambda: metadata_with(
        'Requires-Dist: bar @ https://x.example/bar.zip ; python_version < "2"'
    ),
    "Requires (old)": lambda: metadata_with("Requires: ???", "Provides: ???"),
    "Provides-Extra junk": lambda: metadata_with("Provides-Extra: ???"),
    "Provides-Extra empty": lambda: metadata_with("Provides-Extra:"),
    "RECORD empty": lambda: packed(content_of(), b""),
    "RECORD with CRLF": lambda: packed(content_of(), R.replace(b"\n", b"\r\n")),
    "RECORD with a quote": lambda: packed(content_of(), R + b'"x,,\n'),
    "RECORD with NUL": lambda: packed(content_of(), R + b"a\0b,,\n"),
    "RECORD with one column": lambda: packed(content_of(), R + b"a\n"),
    "RECORD with BOM": lambda: packed(content_of(), b"\xef\xbb\xbf" + R),
    "RECORD with a blank of spaces": lambda: packed(content_of(), R + b"  \n"),
    "RECORD with backslashes": lambda: packed(content_of(), R.replace(b"/", b"\\")),
    "a/../b": lambda: more({"foo/../b.py": b"x"}),
    "folder ..": lambda: more({"../evil/": b""}),
    "folder absolute": lambda: more({"/evil/": b""}),
    "a//b": lambda: more({"foo//b.py": b"x"}),
    "./a": lambda: more({"./foo/b.py": b"x"}),
    "...": lambda: more({".../b.py": b"x"}),
    "..a": lambda: more({"..a/b.py": b"x"}),
    "folder entry and file": lambda: more({"foo/x/": b"", "foo/x": b"x"}),
    "folder entry with bytes": lambda: more({"foo/x/": b"abc"}),
    "component of 255": lambda: more({"foo/" + "x" * 255: b"x"}),
    "same by normpath": lambda: more({"foo/x.py": b"x", "foo/./x.py": b"y"}),
    "data fine": lambda: more(
        {
            f"{STEM}.data/scripts/run": b"#!python\n",
            f"{STEM}.data/data/share/x": b"",
            f"{STEM}.data/headers/x.h": b"",
            f"{STEM}.data/purelib/y.py": b"",
            f"{STEM}.data/platlib/z.py": b"",
        }
    ),
    "data unknown scheme folder": lambda: more({f"{STEM}.data/nosuch/": b""}),
    "data climbing one": lambda: more({f"{STEM}.data/data/../scripts/x": b"x"}),
    "data climbing in": lambda: more({f"{STEM}.data/data/a/../x": b"x"}),
    "data of another": lambda: more({"bar.data/purelib/x.py": b"x"}),
    "data of a package deep": lambda: more({"foo/my.data/x.txt": b"x"}),
    "data scripts folder in folder": lambda: more({f"{STEM}.data/scripts/a/b": b"x"}),
    "data headers deep": lambda: more({f"{STEM}.data/headers/a/b.h": b"x"}),
    "data empty script": lambda: more({f"{STEM}.data/scripts/": b""}),
    "script fine": lambda: scripts("foo = foo:main"),
    "script with extras": lambda: scripts("foo = foo:main [bar]"),
    "script with extras 2": lambda: scripts("foo = foo:main[bar,baz]"),
    "other group without callable": lambda: scripts("foo = foo", "other"),
    "script name with space": lambda: scripts("foo bar = foo:main"),
    "script name with slash": lambda: scripts("a/foo = foo:main"),
    "entry points empty": lambda: more({ENTRY_POINTS: b""}),
    "entry points CRLF": lambda: more({ENTRY_POINTS: b"[console_scripts]\r\nfoo = foo:main\r\n"}),
    "entry points nested attribute": lambda: scripts("foo = foo.bar:Main.run"),
    "entry points unicode": lambda: scripts("foo = föö:main"),
    "script with equals in value": lambda: scripts("foo = foo:main = x"),
    "script dash name": lambda: scripts("foo-bar = foo:main"),
    "script value starts with digit": lambda: scripts("foo = 1foo:main"),
    "other group with dot": lambda: more({ENTRY_POINTS: b"[foo.bar]\nfoo = foo:main\n"}),
    "script object double dots": lambda: scripts("foo = foo:main..x"),
    "names with backslash": lambda: more({"foo\\bar.py": b"x"}),
    "data and scripts": lambda: more({f"{STEM}.data/data/x": b"x", f"{STEM}.data/scripts/x/y": b"x"}),
    "bzip2": lambda: of_method(12),
    "lzma": lambda: of_method(14),
    "Requires-Dist semicolon glued": lambda: metadata_with('Requires-Dist: bar>=1;python_version<"2"'),
    "Requires-Dist python_version in": lambda: metadata_with("Requires-Dist: bar; python_version in '2.6 2.7'"),
    "Requires-Dist old marker": lambda: metadata_with(
        "Requires-Dist: bar; os.name == 'nt' and python_implementation == 'x'"
    ),
    "Requires-Dist marker 3.*": lambda: metadata_with("Requires-Dist: bar; python_version == '2.*'"),
    "Requires-Dist marker >=2.*": lambda: metadata_with("Requires-Dist: bar; python_version < '2.*'"),
    "Requires-Dist nested parens": lambda: metadata_with("Requires-Dist: bar; (((python_version < '2')))"),
    "LICENSE in Latin-1": lambda: more({f"{INFO}/LICENSE": b"\xfc"}),
    "direct_url": lambda: more({f"{INFO}/direct_url.json": b"junk"}),
    "top_level Latin-1": lambda: more({f"{INFO}/top_level.txt": b"\xfc"}),
    "namespace": lambda: more({f"{INFO}/namespace_packages.txt": b"\xfc"}),
    "dist-info folder entry": lambda: more({f"{INFO}/": b""}),
}
"""Every pip installs these."""

REFUSED_BY_EVERY: dict[str, Callable[[], bytes]] = {
    "two dist-info": lambda: more(
        {"foo-0.9.dist-info/METADATA": b"Metadata-Version: 2.1\nName: foo\nVersion: 0.9\n"}
    ),
    "two dist-info, one of another": lambda: more({"bar-0.9.dist-info/LICENSE": b"x"}),
    "two dist-info, first": lambda: packed({"aaa-0.9.dist-info/WHEEL": b"Wheel-Version: 1.0\n", **content_of()}),
    "dist-info as a file": lambda: more({"bar-0.9.dist-info": b"x"}),
    "dist-info as an empty folder": lambda: more({"bar-0.9.dist-info/": b""}),
    "dist-info of another": lambda: renamed_folder("bar-1.0.dist-info"),
    "DIST-INFO": lambda: renamed_folder("foo-1.0.DIST-INFO"),
    "dist-info only folder name": lambda: renamed_folder(".dist-info"),
    "Wheel-Version 2.0": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 2.0"),
    "Wheel-Version 10": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 10"),
    "Wheel-Version 1.x": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 1.x"),
    "Wheel-Version empty": lambda: replaced(WHEEL, b"Version: 1.0", b"Version:"),
    "Wheel-Version 1.0rc1": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 1.0rc1"),
    "Wheel-Version 1_0": lambda: replaced(WHEEL, b"Version: 1.0", b"Version: 1_0"),
    "no Wheel-Version": lambda: replaced(WHEEL, b"Wheel-Version: 1.0\n", b""),
    "Wheel-Version twice, 2.0 first": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"Wheel-Version: 2.0\nWheel-Version: 1.0\n"
    ),
    "Wheel-Version behind a blank line": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"A: b\n\nWheel-Version: 1.0\n"
    ),
    "WHEEL begins with a blank line": lambda: replaced(WHEEL, b"Wheel-Version: 1.0\n", b"\nWheel-Version: 1.0\n"),
    "WHEEL with a junk line before": lambda: replaced(
        WHEEL, b"Wheel-Version: 1.0\n", b"junk\nWheel-Version: 1.0\n"
    ),
    "WHEEL with a BOM": lambda: replaced(WHEEL, b"Wheel-Version: 1.0\n", b"\xef\xbb\xbfWheel-Version: 1.0\n"),
    "WHEEL space before colon": lambda: replaced(WHEEL, b"Wheel-Version: 1.0", b"Wheel-Version : 1.0"),
    "WHEEL starts with a space": lambda: replaced(WHEEL, b"Wheel-Version: 1.0\n", b" Wheel-Version: 1.0\nA: b\n"),
    "WHEEL in Latin-1": lambda: replaced(WHEEL, b"fixture", b"fixt\xfcre"),
    "WHEEL in UTF-16": lambda: changed(lambda c: c.update({WHEEL: c[WHEEL].decode().encode("utf-16")})),
    "WHEEL empty": lambda: changed(lambda c: c.update({WHEEL: b""})),
    "no WHEEL": lambda: changed(lambda c: c.pop(WHEEL)),
    "WHEEL encrypted": lambda: encrypted(WHEEL),
    "METADATA encrypted": lambda: encrypted(META),
    "module encrypted": lambda: encrypted("foo/__init__.py"),
    "no METADATA": lambda: changed(lambda c: c.pop(META)),
    "metadata.json only": lambda: changed(lambda c: c.update({f"{INFO}/metadata.json": b"{}", "x": c.pop(META)})),
    "METADATA empty": lambda: changed(lambda c: c.update({META: b""})),
    "METADATA blank": lambda: changed(lambda c: c.update({META: b"\n\n"})),
    "METADATA in Latin-1": lambda: replaced(META, b"A fixture.", b"A fixt\xfcre."),
    "METADATA summary Latin-1": lambda: replaced(META, b"Summary: A", b"Summary: \xfc"),
    "METADATA no Version": lambda: replaced(META, b"Version: 1.0\n", b""),
    "METADATA other Version": lambda: replaced(META, b"Version: 1.0\n", b"Version: 1.1\n"),
    "METADATA Version junk": lambda: replaced(META, b"Version: 1.0\n", b"Version: junk!\n"),
    "METADATA Version local": lambda: replaced(META, b"Version: 1.0\n", b"Version: 1.0+x\n"),
    "METADATA empty Version": lambda: replaced(META, b"Version: 1.0\n", b"Version:\n"),
    "Requires-Dist junk": lambda: metadata_with("Requires-Dist: ???"),
    "Requires-Dist no marker op": lambda: metadata_with("Requires-Dist: bar; python_version"),
    "Requires-Dist bad marker name": lambda: metadata_with('Requires-Dist: bar; nosuch == "1"'),
    "Requires-Dist of extras": lambda: metadata_with("Requires-Dist: bar; extras == 'x'"),
    "Requires-Dist without a variable": lambda: metadata_with("Requires-Dist: bar; 'x' == 'y'"),
    "Requires-Dist bad comparison": lambda: metadata_with('Requires-Dist: bar; os_name ~= "posix"'),
    "Requires-Dist with a missing comma": lambda: metadata_with(
        'Requires-Dist: bar (>=1 <2); python_version < "2"'
    ),
    "Requires-Dist ~=1": lambda: metadata_with('Requires-Dist: bar (~=1); python_version < "2"'),
    "Requires-Dist extra bad": lambda: metadata_with('Requires-Dist: bar[a b]; python_version < "2"'),
    "no RECORD": lambda: write_zip([Part(p.encode(), d) for p, d in content_of().items()]),
    "RECORD Latin-1": lambda: packed(content_of(), R + b"\xfc,,\n"),
    "RECORD with blank lines": lambda: packed(content_of(), R.replace(b"\n", b"\n\n")),
    "RECORD with a blank line last": lambda: packed(content_of(), R + b"\n"),
    "RECORD with CR CR LF": lambda: packed(content_of(), R.replace(b"\n", b"\r\r\n")),
    "RECORD with a long field": lambda: packed(content_of(), R + b"x" * 200_000 + b",,\n"),
    "RECORD in small": lambda: write_zip(
        [Part(p.encode(), d) for p, d in {**content_of(), f"{INFO}/record": R}.items()]
    ),
    "RECORD with form feed line": lambda: packed(content_of(), R + b"\x0c\n"),
    "..": lambda: more({"../evil.py": b"x"}),
    "../..": lambda: more({"foo/../../evil.py": b"x"}),
    "absolute": lambda: more({"/evil.py": b"x"}),
    "double slash": lambda: more({"//evil.py": b"x"}),
    "only ..": lambda: more({"..": b"x"}),
    "only .": lambda: more({".": b"x"}),
    "empty name": lambda: more({"": b"x"}),
    "trailing ..": lambda: more({"foo/..": b"x"}),
    "deep ..": lambda: more({"foo/x/../../../evil": b"x"}),
    "file and folder": lambda: more({"foo/x": b"x", "foo/x/y": b"y"}),
    "folder and file": lambda: more({"foo/x/y": b"y", "foo/x": b"x"}),
    "not UTF-8": lambda: write_zip(
        [
            *[Part(p.encode(), d) for p, d in {**content_of(), f"{INFO}/RECORD": R}.items()],
            Part(b"foo/\xff.py", b"x", flags=0x800),
        ]
    ),
    "data unknown scheme": lambda: more({f"{STEM}.data/nosuch/x": b"x"}),
    "data without scheme": lambda: more({f"{STEM}.data/x": b"x"}),
    "data climbing": lambda: more({f"{STEM}.data/scripts/../../../evil": b"x"}),
    "data climbing to root": lambda: more({f"{STEM}.data/../evil": b"x"}),
    "data climbing to scheme": lambda: more({f"{STEM}.data/purelib/a/../..//x/y": b"x"}),
    "data of a package": lambda: more({"my.data/x.txt": b"x"}),
    "data a file": lambda: more({"my.data": b"x"}),
    "data in capitals": lambda: more({f"{STEM}.data/Scripts/x": b"x"}),
    "data include": lambda: more({f"{STEM}.data/include/a/b.h": b"x"}),
    ".data": lambda: more({".data/x/y": b"x"}),
    "data file in place of scheme": lambda: more({f"{STEM}.data/scripts": b"x"}),
    "script without callable": lambda: scripts("foo = foo"),
    "gui script without callable": lambda: scripts("foo = foo", "gui_scripts"),
    "script with two colons": lambda: scripts("foo = foo:a:b"),
    "script empty": lambda: scripts("foo ="),
    "script without =": lambda: scripts("foo"),
    "other group without =": lambda: scripts("foo", "other"),
    "script with dash": lambda: scripts("foo = foo-bar:main"),
    "script name dot": lambda: scripts(". = foo:main"),
    "script name bracket": lambda: scripts("[foo = foo:main"),
    "script brackets": lambda: scripts("foo = foo:main [a b"),
    "script bad flags": lambda: scripts("foo = foo:main [a b]"),
    "script with ; comment": lambda: scripts("; hi\n# hi\nfoo = foo:main"),
    "entry points in Latin-1": lambda: more({ENTRY_POINTS: b"[x]\na = \xfc:b\n"}),
    "pip script without callable": lambda: scripts("pip = foo"),
    "script value with dots": lambda: scripts("foo = .foo:main"),
    "script extras versions": lambda: scripts("foo = foo:main [a>1]"),
    "purelib file and folder": lambda: more({f"{STEM}.data/purelib/foo": b"x"}),
    "platlib file and folder": lambda: more({f"{STEM}.data/platlib/foo/__init__.py/x": b"x"}),
    "method 9": lambda: of_method(9),
    "method 93": lambda: of_method(93),
    "method 1": lambda: of_method(1),
    "Requires-Dist with @ and marker glued": lambda: metadata_with(
        'Requires-Dist: bar @ https://x.example/b.zip; python_version < "2"'
    ),
    "Requires-Dist underscore first": lambda: metadata_with('Requires-Dist: _bar; python_version < "2"'),
    "Requires-Dist name ends with dash": lambda: metadata_with('Requires-Dist: bar-; python_version < "2"'),
    "Requires-Dist empty marker": lambda: metadata_with("Requires-Dist: foo;"),
    "Requires-Dist marker single =": lambda: metadata_with('Requires-Dist: bar; extra = "x"'),
    "Requires-Dist marker no quotes": lambda: metadata_with("Requires-Dist: bar; extra == x"),
    "Requires-Dist >1.0 < 2": lambda: metadata_with('Requires-Dist: bar >1.0 < 2; extra == "x"'),
    "Requires-Dist double comma": lambda: metadata_with('Requires-Dist: bar >1.0,,<2; extra == "x"'),
    "Requires-Dist ->": lambda: metadata_with('Requires-Dist: bar => 1.0; extra == "x"'),
    "Requires-Dist local ~": lambda: metadata_with("Requires-Dist: bar (~=1.0+x); python_version < '2'"),
    "INSTALLER a folder": lambda: more({f"{INFO}/INSTALLER/x": b"junk"}),
    "REQUESTED a folder": lambda: more({f"{INFO}/REQUESTED/x": b"junk"}),
    "RECORD a folder too": lambda: more({f"{INFO}/RECORD/x": b"junk"}),
    "METADATA a folder too": lambda: more({f"{INFO}/METADATA/x": b"junk"}),
}
"""No pip installs these."""

REFUSED_BY_SOME: dict[str, Callable[[], bytes]] = {
    "requires.txt": lambda: more({f"{INFO}/requires.txt": b"???"}),
    "dist-info of a longer name": lambda: renamed_folder("foobar-1.0.dist-info"),
    "PKG-INFO in place of METADATA": lambda: changed(lambda c: c.update({f"{INFO}/PKG-INFO": c.pop(META)})),
    "METADATA no Name": lambda: replaced(META, b"Name: foo\n", b""),
    "METADATA other Name": lambda: replaced(META, b"Name: foo", b"Name: bar"),
    "METADATA empty Name": lambda: replaced(META, b"Name: foo\n", b"Name:\n"),
    "METADATA Name twice, other first": lambda: replaced(META, b"Name: foo\n", b"Name: bar\nName: foo\n"),
    "METADATA blank line first": lambda: changed(lambda c: c.update({META: b"\n" + c[META]})),
    "METADATA junk line before Name": lambda: replaced(META, b"Name: foo", b"junk\nName: foo"),
    "METADATA BOM": lambda: changed(lambda c: c.update({META: b"\xef\xbb\xbf" + c[META]})),
    "METADATA folded name": lambda: replaced(META, b"Name: foo\n", b"Name:\n foo\n"),
    "METADATA name in two lines": lambda: replaced(META, b"Name: foo\n", b"Name: foo\n folded\n"),
    "METADATA version in two lines": lambda: replaced(META, b"Version: 1.0\n", b"Version: 1.0\n folded\n"),
    "Requires-Dist with nothing in brackets": lambda: metadata_with("Requires-Dist: bar ( ); extra == 'x'"),
    "Requires-Dist legacy": lambda: metadata_with('Requires-Dist: bar (>=1.0.*) ; python_version < "2"'),
    "Requires-Dist legacy in an extra": lambda: metadata_with(
        'Requires-Dist: bar (>=1.0.*) ; extra == "x"', "Provides-Extra: x"
    ),
    "Requires-Dist legacy in no extra": lambda: metadata_with('Requires-Dist: bar (>=1.0.*) ; extra == "x"'),
    "Requires-Dist empty": lambda: metadata_with("Requires-Dist:"),
    "Requires-Dist folded": lambda: metadata_with('Requires-Dist: bar\n ; python_version < "2"'),
    "Requires-Dist with a trailing comma": lambda: metadata_with(
        'Requires-Dist: bar (>=1,); python_version < "2"'
    ),
    "Requires-Dist bad URL": lambda: metadata_with('Requires-Dist: bar @ nothing ; python_version < "2"'),
    "Requires-Dist ==1.0.post*": lambda: metadata_with('Requires-Dist: bar (==1.0.dev*); python_version < "2"'),
    "Requires-Dist version junk": lambda: metadata_with('Requires-Dist: bar (==junk); python_version < "2"'),
    "Requires-Dist with local": lambda: metadata_with('Requires-Dist: bar (>=1.0+x); python_version < "2"'),
    "script with spaces": lambda: scripts("foo = foo: main"),
    "script with args": lambda: scripts("foo = foo:main --x"),
    "script with parens": lambda: scripts("foo = foo:main()"),
    "script name climbing": lambda: scripts("../foo = foo:main"),
    "script name absolute": lambda: scripts("/evil = foo:main"),
    "script name empty": lambda: scripts("= foo:main"),
    "script with comment": lambda: scripts("foo = foo:main # hi"),
    "script duplicated": lambda: scripts("foo = foo:main\nfoo = foo:main"),
    "script group twice": lambda: scripts("foo = foo:main\n[console_scripts]\nbar = foo:main"),
    "script before a group": lambda: more({ENTRY_POINTS: b"foo = foo:main\n[console_scripts]\nfoo = foo:main\n"}),
    "junk before a group": lambda: more({ENTRY_POINTS: b"junk\n[console_scripts]\nfoo = foo:main\n"}),
    "entry points BOM": lambda: more({ENTRY_POINTS: b"\xef\xbb\xbf[console_scripts]\nfoo = foo:main\n"}),
    "entry points group with space": lambda: more({ENTRY_POINTS: b"[ console_scripts ]\nfoo = foo\n"}),
    "entry points group unclosed": lambda: more({ENTRY_POINTS: b"[console_scripts\nfoo = foo:main\n"}),
    "other group junk value": lambda: scripts("foo = ???", "other"),
    "other group URL": lambda: scripts("foo = https://x:1", "other"),
    "other group with dash": lambda: more({ENTRY_POINTS: b"[foo-bar]\nfoo = foo:main\n"}),
    "script name old junk": lambda: scripts("foo! = foo:main"),
    "script extras open": lambda: scripts("foo = foo:main []"),
    "Requires-Dist two, one bad": lambda: metadata_with(
        'Requires-Dist: bar ; python_version < "2"', 'Requires-Dist: bar[a] (>=1.*) ; python_version < "2"'
    ),
    "Requires-Dist === junk": lambda: metadata_with('Requires-Dist: bar (===junk); python_version < "2"'),
    "Requires-Dist with comment": lambda: metadata_with('Requires-Dist: bar; extra == "x" # hi'),
}
"""Some pips install these, and others refuse them."""

LEAVING_ON_WINDOWS: dict[str, Callable[[], bytes]] = {
    "script colon name": lambda: scripts("a:b = foo:main"),
    "script name windows": lambda: scripts("..\\foo = foo:main"),
    "names climbing with backslash": lambda: more({"..\\bar.py": b"x"}),
    "names with a drive": lambda: more({"C:/bar.py": b"x"}),
    "data with a drive": lambda: more({f"{STEM}.data/data/C:/bar.py": b"x"}),
}
"""These leave their folder where drives have letters and backslashes separate folders."""

OF_FILE_SYSTEMS: dict[str, Callable[[], bytes]] = {
    "long component": lambda: more({"foo/" + "x" * 300: b"x"}),
    "long path": lambda: more({"/".join(["foo"] * 2000): b"x"}),
    "component of 200 umlauts": lambda: more({"foo/" + "ü" * 200: b"x"}),
}
"""Every pip fails at these on the file systems in use, and takes them on others."""
