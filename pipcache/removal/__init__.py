"""What would go, in which order, and what in fact went.

In comes a selection; out go a plan and then an outcome. Deciding and deleting are different functions:
``executor`` alone changes the cache, and ``backup`` alone creates files, outside it.
"""
