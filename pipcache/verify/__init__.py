"""Is each artifact what was promised: promises, flaws, findings and a verdict.

In come artifacts and pins; out go judgements. Each byte is read once for all of its digests, on all cores.
"""
