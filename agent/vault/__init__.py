"""The evidence vault (本机证据库): the process that owns what was recorded.

It takes plaintext fragments from the recorder, seals them to the bureau while they arrive, signs a
journal line for what is on the medium, and lets go of a file only against the bureau's verified
receipt. It stamps time, index and predecessor itself and believes nothing of that kind from
anybody. It has no network and no camera.

``server`` holds the two sockets, ``messages`` is all that can be said on them, ``vault`` answers
and ``assembly`` puts the parts together. A recording goes through ``session``, which signs with
``chain`` and writes to ``store``. ``mandate`` and ``conduct`` are what the bureau ordered,
``preflight`` says whether the vault is fit to obey it, ``words`` takes what the bureau says next.
Once a session is closed, ``handover`` and ``docking`` answer the dock, ``updates`` says when new
software may be tried, and ``custody`` alone releases.
"""
