"""A package index over HTTP, on this machine alone, made from the cache while it is asked.

Input: the cache, and which files may be given away. Output: pages, files, redirects and refusals. ``listener``
alone has to do with sockets, and binds the loopback address only; nothing here ever connects to anything. Nothing
is written.
"""
