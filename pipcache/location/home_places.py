"""pip's default cache directories below the home of a user."""


def default_places(platform: str, user: str, home: str) -> list[tuple[str, str]]:
    """Return pip's default cache directories of a user, as (origin, path).

    The rules are those of the platformdirs in pip. macOS has two: since pip 26.2 ``XDG_CACHE_HOME`` counts there.
    """
    native = {"win32": r"AppData\Local\pip\Cache", "darwin": "Library/Caches/pip"}.get(platform, ".cache/pip")
    places = [(f"default of {user}", below_home(platform, home, native))]
    if platform == "darwin":
        places.append((f"default of {user} with XDG_CACHE_HOME", below_home(platform, home, ".cache/pip")))
    return places


def below_home(platform: str, home: str, name: str) -> str:
    """Return the path of a name below a home, as the platform writes it."""
    separator = "\\" if platform == "win32" else "/"
    return f"{home.rstrip(separator)}{separator}{name}" if name else home
