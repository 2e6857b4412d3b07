"""The moves of the table, one module a theme; each is pure: facts and an event in, facts out.

``starting`` and ``opening`` begin a recording, ``speaking`` announces, ``asking`` has the officer
answer, ``photographing``, ``classing``, ``telling`` and ``noting`` serve him, ``powering`` and
``watching`` look at what he does not, ``ending`` closes and ``switching`` turns off; while nothing
is recorded, ``checking`` and ``choosing`` prepare the next one. ``attaching`` takes over what the
vault says when it is there; ``menus`` reads choices out, for ``asking`` and ``ending``; ``steps``
is the shape of all of them.
"""
