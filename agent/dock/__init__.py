"""The dock: the recorder's only process with the network.

On the cradle it pushes what the vault sealed to the bureau (``push``), takes the bureau's receipts
off the wire and hands their bytes to the vault (``to_vault``). It owns nothing and decides nothing:
it reads sealed files, keeps no state of a transfer, and what counts as delivered is for the vault
to say.

``serve`` puts it together; ``watch`` is the loop, ``presence`` its waits and ``backoff`` their
length after a failure. ``exchange`` is one conversation with the desk over a ``link``, which is
``paho_link`` but in tests; ``state`` is what the recorder tells of itself.
"""
