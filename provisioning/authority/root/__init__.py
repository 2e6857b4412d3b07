"""The root of a bureau's signatures, and the three keys that are kept offline to replace it.

The root document says whose two signatures make a rulebook. Two of the three offline keys, each
under its own passphrase and kept by another person, say who follows.
"""
