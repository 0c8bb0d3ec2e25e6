"""Which artifacts of a cache match an advisory, what is derived from them, and what could not be judged.

In come indicators and the inventory. Out come hits, each with its proof, and every artifact for which the answer
is inconclusive: a cache is clean only when there is neither.
"""
