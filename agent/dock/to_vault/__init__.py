"""Desk to vault: the dock's end of the vault's socket, and what it carries there.

``client`` asks what is pending and tells what happened on the cradle. ``receipts`` (回执),
``plans``, ``words`` (assignment and policy), ``challenges`` and ``updates`` hand over the bureau's
bytes, untouched: the vault verifies them, and what it refused is never acknowledged as taken.
"""
