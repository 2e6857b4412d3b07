"""The bureau's word to its recorder: whose it is (配发), by which rulebook it works (本单位办法).

A word comes from the dock, or on a removable medium. ``roster`` and ``policy`` each know how one of
the two is judged and what adopting it means; ``words`` holds what both have in common: a word that
was verified is put aside on the card first, and is adopted only while no session is open, so that a
session ends under the word it began under.
"""
