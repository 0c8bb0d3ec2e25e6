"""What lies beside entries: told by place and name whether pip left it behind, and why else it is a stray."""

import os
import re
import stat as stat_module

from pipcache.entries import Leftover
from pipcache.files import File, is_folder
from pipcache.stores import Store

_TEMPORARY = r"[0-9a-f]{56}(?:\.body)?[A-Za-z0-9_]{6,8}\.tmp"
_LOCK = r"[0-9a-f]{56}\.lock"
# lockfile's unique name: host, thread, process, and a hash of the path that may be negative
_LOCK_HOLDER = r"[A-Za-z0-9_.-]{1,200}(?:-[0-9a-f]{1,8})?\.[0-9]{1,7}-?[0-9]{5,20}"


def odd_type(file: File) -> str | None:
    """Return why a file is not an ordinary one, or None when it is."""
    mode = file.stat.st_mode
    if stat_module.S_ISREG(mode):
        return None
    if stat_module.S_ISLNK(mode):
        return "a symbolic link, not followed"
    if stat_module.S_ISDIR(mode):
        return "a folder, not looked into"
    return "not a regular file"


def is_lock(file: File, *, in_place: bool) -> bool:
    """Return whether a file is of a lock: a folder where there are no hard links, or what holds it."""
    name = os.path.basename(file.path)
    if is_folder(file.stat):
        return in_place and re.fullmatch(_LOCK, name) is not None
    return not file.size and odd_type(file) is None and re.fullmatch(_LOCK_HOLDER, name) is not None


def why_stray(name: str, store: Store) -> str:
    """Return why a regular file that lies where entries do is none."""
    if re.fullmatch(_TEMPORARY, name):
        return Leftover.TEMPORARY
    return Leftover.LOCK if store is Store.HTTP and re.fullmatch(_LOCK, name) else NOT_PIPS


NOT_PIPS = "not a name pip gives"
NOTE_LOCK = "selfcheck.json.lock"


def why_stray_in_wheels(file: File, name: str, *, in_place: bool) -> str:
    """Return why a file is no wheel of a store, and no origin of one."""
    if in_place and stat_module.S_ISDIR(file.stat.st_mode) and re.fullmatch(r"tmp[a-z0-9_]{8}", name):
        return Leftover.BUILD_FOLDER
    if (odd := odd_type(file)) is not None:
        return odd
    return Leftover.ORIGIN if name == "origin.json" and in_place else NOT_PIPS
