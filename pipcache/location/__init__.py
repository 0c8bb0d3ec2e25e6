"""Which directory is the cache, and who decided that: option, environment, pip's configuration or default.

In come the environment and pip's configuration files; out goes a ``CacheDirectory``, or every one of this
machine. pip itself is never run.
"""
