"""The configuration files of conda, which may name its caches (conda ``base/context.py``, ``pkgs_dirs``)."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from pipcache.location.config import LongFile, expanduser, open_regular, read_limited, xdg_folder
from pipcache.location.installer_places import CONDA_PREFIXES, KnownPlace, roots_of_conda
from pipcache.location.locate import Source
from pipcache.location.look import MOST_FILES, TOO_MANY_FILES
from pipcache.store.installer import Installer

_KEY = "pkgs_dirs"

_LIMIT = 1 << 16
"""Bytes of a file; of a longer file nothing is used, and it is named."""

_MOST_PREFIXES = 1_000
"""Environments in conda's list of them that are looked at."""

_NAMES = (".condarc", "condarc", "condarc.d")

_UNKNOWN = "a path in it has variables, which are not worked out; it may name a cache"


def conda_places_of_run(platform: str, environ: Mapping[str, str]) -> Iterator[KnownPlace]:
    """Yield the caches that files name to which the environment of a run leads, and files for all users.

    Args:
        platform: as ``sys.platform``.
        environ: the environment.
    """
    folders = [os.path.join(environ.get("PROGRAMDATA", r"C:\ProgramData"), "conda")]
    if platform != "win32":
        xdg = xdg_folder(environ, "XDG_CONFIG_HOME")
        folders = ["/etc/conda", "/var/lib/conda", *(os.path.join(folder, "conda") for folder in xdg)]
        folders += CONDA_PREFIXES
    yield from _in_folders([*folders, *roots_of_conda(environ)])
    if file := environ.get("CONDARC"):
        yield from places_in_condarc(expanduser(file, environ))


def conda_places_of_home(user: str, home: str) -> Iterator[KnownPlace]:
    """Yield the caches that conda's files in a home name, and those of the environments that conda lists there.

    Args:
        user: the name, for the origin.
        home: path of the home.
    """
    for name in (".condarc", ".mambarc"):
        yield from places_in_condarc(os.path.join(home, name))
    yield from _in_folders(os.path.join(home, *folder) for folder in ((".config", "conda"), (".conda",)))
    for prefix in _listed(os.path.join(home, ".conda", "environments.txt")):
        yield KnownPlace(Installer.CONDA, Source.DEFAULT, f"root of conda of {user}", os.path.join(prefix, "pkgs"))


def conda_places_by(variable: str, value: str) -> Iterator[KnownPlace]:
    """Yield the caches of conda to which a variable leads, other than one that names caches.

    Args:
        variable: the name; nothing is yielded for a variable that leads to none.
        value: its value, an absolute path.
    """
    if variable == "CONDARC":
        yield from places_in_condarc(value)
    elif variable == "XDG_CONFIG_HOME":
        yield from _in_folders([os.path.join(value, "conda")])
    elif variable == "MAMBA_ROOT_PREFIX":
        yield KnownPlace(Installer.CONDA, Source.DEFAULT, "root of conda", os.path.join(value, "pkgs"))
        yield from _in_folders([value])


def _in_folders(folders: Iterable[str]) -> Iterator[KnownPlace]:
    """Yield the caches that the files in folders of conda's configuration name."""
    for folder in dict.fromkeys(folders):
        for name in _NAMES:
            yield from places_in_condarc(os.path.join(folder, name))


def places_in_condarc(path: str) -> Iterator[KnownPlace]:
    """Yield the caches that a file names, or the files of a folder; the file where that cannot be seen."""
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith((".yml", ".yaml", ".condarc")))
    except (FileNotFoundError, NotADirectoryError):
        yield from _in_file(path)
        return
    except ValueError:  # a NUL in the path
        return
    except OSError as error:
        yield KnownPlace(Installer.CONDA, Source.CONFIGURATION, path, path, error)
        return
    if len(names) > MOST_FILES:
        yield KnownPlace(Installer.CONDA, Source.CONFIGURATION, path, path, unknown=TOO_MANY_FILES)
    for name in names[:MOST_FILES]:
        yield from _in_file(os.path.join(path, name))


def _in_file(path: str) -> Iterator[KnownPlace]:
    try:
        data = read_limited(path, _LIMIT)
    except OSError as error:
        yield KnownPlace(Installer.CONDA, Source.CONFIGURATION, path, path, error)
        return
    except LongFile as error:
        yield KnownPlace(Installer.CONDA, Source.CONFIGURATION, path, path, unknown=str(error))
        return
    except ValueError:  # a NUL in the path
        return
    for value in _values(data):
        # conda expands both the home and variables
        written = re.sub(r"^\$(?:HOME\b|\{HOME\})", "~", value)
        unknown = _UNKNOWN if "$" in written else None
        place = path if unknown else written
        yield KnownPlace(Installer.CONDA, Source.CONFIGURATION, f"{path} {_KEY}", place, None, unknown, path)


def _values(data: bytes) -> list[str]:
    """Return what the key is in a file, a path or a list of them; nothing where the file is not valid.

    The events of YAML are read, and nothing is built of them: no alias and no depth makes this slow.
    """
    if _KEY.encode() not in data:
        return []
    import yaml  # slow, and few have such a file

    values: list[str] = []
    depth, key, is_value = 0, "", True
    try:
        for event in yaml.parse(data.decode("utf-8-sig"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
            if depth == 1 and isinstance(event, yaml.NodeEvent):
                is_value = not is_value
                if not is_value:  # a list may be a key too
                    key = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.ScalarEvent) and key == _KEY and (is_value or depth > 1) and event.value:
                values.append(event.value)
    except (yaml.YAMLError, ValueError):
        return []
    return values


def _listed(path: str) -> list[str]:
    """Return the environments that conda notes in a file, one on a line."""
    try:
        with open(path, "rb", opener=open_regular) as file:
            lines = os.fsdecode(file.read(_LIMIT)).splitlines()
    except (OSError, ValueError):
        return []
    return [line for line in dict.fromkeys(map(str.strip, lines)) if os.path.isabs(line)][:_MOST_PREFIXES]
