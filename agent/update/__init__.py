"""Signed software updates (升级): a new release lies beside the old one and has to prove itself.

``bundle`` copies what the bureau signed and refuses everything else, ``unpacking`` makes a release
folder of it, ``prefix`` knows where releases lie and which one is current, ``switching`` goes over
to a release and back when it does not report ready, ``services`` is systemd behind a small port.

This is the one part of the recorder that runs as root, in a process of its own that a path unit
starts with a fixed command. It believes nobody on the device: signatures, digests, version floor
and whether anything waits for the bureau are judged here again. ``agent.vault.updates`` decides
when, and signs what became of it.
"""
