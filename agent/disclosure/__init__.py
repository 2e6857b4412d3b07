"""The announcement: the approved clip, and playing it.

The rulebook says which clips a session plays and what digests they must have. ``clips`` loads them,
``announcer`` plays them through the loudspeaker on one queue. Whether one was heard is not checked
in this version; nothing here says it was.
"""
