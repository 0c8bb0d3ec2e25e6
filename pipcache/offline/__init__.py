"""What of a cache can be installed without an index: verified downloads with names, proved URLs and digests.

Input: judgements, and for which Python and platform. Output: the files that may be given away, what was left out
and why, which files belong together, and what an installation needs that is not there. ``output`` alone writes,
and never into the cache.
"""
