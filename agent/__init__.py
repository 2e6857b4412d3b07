"""The mind of the recorder.

Three processes with one direction of data. ``recorder`` feels the button, runs camera and
microphone, speaks the announcement and hands media to the vault; it has no path into the store.
``vault`` owns the store: it seals, hashes, journals, signs and syncs, and has neither network nor
camera. ``dock`` is the only one with the network: on the cradle it pushes what the vault sealed and
brings back the bureau's receipt, which the vault verifies before any space is freed. On a Pi a
fourth, ``locker``, sets the kernel's locks for the vault and lifts them by a receipt alone.
``agent.processes`` is where the concrete parts meet; everything below it takes what it needs as
arguments.
"""
