"""What installers do about a finding, for people."""

from collections.abc import Mapping

from pipcache.verify.checks import Check

_WITHOUT_A_WORD = "with --require-hashes and uv.lock too"

_OF_UV: Mapping[Check, str] = {
    Check.PC206: "uv downloads it again where it needs the digest of that file, and takes it without",
    Check.PC303: "uv installs it under the name of its pointer, or refuses it where METADATA has another name",
    Check.PC407: "uv puts the link into environments as it is, and waits for a pipe without an end",
    Check.PC501: f"uv installs the rest without a word, {_WITHOUT_A_WORD}",
    Check.PC502: f"uv never checks it and installs it without a word, {_WITHOUT_A_WORD}",
    Check.PC503: f"uv never checks it and installs the file without a word, {_WITHOUT_A_WORD}",
    Check.PC504: "uv fails while it installs it, and may leave some of its files in the environment",
    Check.PC508: f"uv never checks it and installs the file without a word, {_WITHOUT_A_WORD}",
}
"""Tried with uv 0.9.30 and 0.13.9."""


def effect_of(check: Check, tool: str) -> str | None:
    """Return what an installer does about a finding, for people; None where nobody has tried it.

    Args:
        check: the check that found it.
        tool: the installer, ``pip`` or ``uv``.
    """
    return check.effect if tool == "pip" else _OF_UV.get(check)
