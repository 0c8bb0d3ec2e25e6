"""Is what an advisory means in this cache, what was made from it, and what could not be judged.

In come indicators and the inventory; out go hits, each with its proof, and every artifact that stays in
question: an answer is clean only when there is neither.
"""
