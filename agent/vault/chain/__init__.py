"""What is signed, when, and in which order (哈希链).

One thread, the ``scribe``, writes every line. ``stamps`` gives it a time that never goes back,
``signed_file`` appends it under the key that the line before announced, and ``device_log`` is the
chain that spans the life of the recorder. A session's own chain begins in ``agent.vault.session``.
"""
