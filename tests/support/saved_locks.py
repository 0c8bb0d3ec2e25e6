"""Lock files of what an index had of foo, as somebody keeps them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.shop import Shop

WHEEL = "foo-1.0-py3-none-any.whl"

FORMS = ["sums", "pylock", "requirements"]


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def save(form: str, shop: Shop, folder: Path) -> str:
    """Write what the index has of foo as a lock file that somebody keeps."""
    files = shop.projects["foo"].files
    path = folder / {"sums": "SHA256SUMS", "pylock": "pylock.toml", "requirements": "requirements.txt"}[form]
    match form:
        case "sums":
            text = "".join(f"{digest(file.body)}  {file.filename}\n" for file in files)
        case "requirements":
            text = f"foo==1.0 --hash=sha256:{digest(files[0].body)} --hash=sha256:{'0' * 64}\n"
        case _:
            file = files[0]
            text = (
                'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "foo"\nversion = "1.0"\n'
                f'[[packages.wheels]]\nname = "{file.filename}"\nurl = "{shop.index.root}{file.path}"\n'
                f'hashes = {{sha256 = "{digest(file.body)}"}}\n'
            )
    path.write_text(text, "utf-8")
    return str(path)
