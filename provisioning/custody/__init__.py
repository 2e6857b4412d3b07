"""Who has which recorder, since when and by whose word.

The append-only ledger is the truth; the registry that the desk reads and the revocation list follow
from it.
"""
