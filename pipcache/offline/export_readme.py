"""The README.txt of an export: how to install from it."""

from pipcache.offline.export_folder import MARK

README_TEXT = f"""{MARK}

The first line marks the folder: without it the command does not write here again.

  simple/      the pages (PEP 503 in index.html, PEP 691 in index.json)
  files/       wheels and sdists, each wheel with its metadata (PEP 658)
  SHA256SUMS   their digests: sha256sum -c SHA256SUMS

All links are relative, so the folder can be copied and served as it is. Replace DIR by its absolute path.

pip:
  pip install --index-url file://DIR/simple NAME
  pip install --no-index --find-links DIR/files NAME

uv:
  uv pip install --offline --default-index file://DIR/simple NAME

pdm, in pyproject.toml:
  [[tool.pdm.source]]
  name = "pypi"
  url = "file://DIR/simple"

poetry reads no index from a disk. Serve the folder, for example with
  python3 -m http.server --bind 127.0.0.1 --directory DIR 8801
and write into pyproject.toml:
  [[tool.poetry.source]]
  name = "export"
  url = "http://127.0.0.1:8801/simple/"
  priority = "primary"

The HTML pages have no upload times, for which there is no attribute. What asks for these (uv --exclude-newer, pip
--uploaded-prior-to) needs the JSON pages. nginx serves both forms with:
  map $http_accept $idx {{ default index.html; "~application/vnd\\.pypi\\.simple\\.v1\\+json" index.json; }}
  types {{ text/html html; application/vnd.pypi.simple.v1+json json; }}
  index $idx;
  add_header Vary Accept;

A file that is marked "built" was built by pip on the machine of the export; no index has published it.
"""
