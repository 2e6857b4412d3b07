"""A bureau in one file, for the day its computer is gone.

Everything that cannot be made again, sealed to whoever keeps the escrow identity: keys,
certificates, root and rulebooks, registry, ledger, receipts. Recordings are not in it.
"""
