"""Which artifacts the policies of ``prune`` take, and why each of the others stays.

In come the inventory, judgements and what lock files need; out goes a plan for ``removal``. Policies are pure
functions of facts that were gathered before.
"""
