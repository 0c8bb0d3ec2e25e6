"""Name, inspect and (later) prune what pip keeps in its cache directory.

Stable are the command line and the JSON it prints (``"schema": 1``); the modules below are not an API.
"""

__version__ = "0.1.0.dev0"
