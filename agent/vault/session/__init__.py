"""One session (一次执法记录), from the first line of its journal to the last.

``slot`` holds the one that may be open. ``opening`` begins its chain, with one of the ``plans`` if
the officer chose one, and hands it ``opened`` to ``live_session``, which takes film and events;
``photos`` takes the stills. After a crash ``recovery`` brings every session to an end that
verifies, and ``untold`` says what every end owes to the party. All that is signed here is written
by the scribe's thread.
"""
