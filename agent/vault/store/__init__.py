"""The card, and what the vault lays on it.

Every file here only grows. ``medium`` makes the folders and locks what is finished, ``seal``
encrypts a file to the bureau while it is written, ``space`` watches the room that is left, and
``catalog`` is an index that may be lost. Nothing in this folder signs, and nothing frees space.
"""
