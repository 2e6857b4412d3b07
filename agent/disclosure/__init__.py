"""The announcement: the approved clip, and whether it was heard.

The rulebook says which clips a session plays and what digests they must have. ``clips`` loads them;
``agent.voice`` plays them before everything else that sounds; ``ear`` listens to the recorder's own
microphone and says, by ``evidence.hearing``, which parts of a clip arrived there. ``ring`` is the
short memory that it listens to, and never leaves it.
"""
