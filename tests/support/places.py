"""Where the project's own files are."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "pipcache"
DOCS = PACKAGE / "docs"
README = REPOSITORY / "README.md"
