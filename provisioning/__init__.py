"""How a bureau prepares its recorders.

A bureau is one folder: a certificate authority, the keys that sign receipts and rulebooks, the two
identities that can open what devices seal, the broker's configuration, and the registry of
devices. ``provision init`` makes it, ``provision enrol`` takes a recorder in: the device makes its
own keys, only requests leave it, and certificates, the signed rulebook and the announcement come
back. Every command is a plan of idempotent steps that can be shown before it is carried out, and
every change is a signed line in an append-only ledger. A key is never overwritten, and nothing
here speaks to a network but the reception, while recorders enrol.
"""
