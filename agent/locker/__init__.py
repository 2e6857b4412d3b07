"""The locker: the one process that may set the kernel's append-only and immutable flags.

It runs as the vault's user and is the only holder of CAP_LINUX_IMMUTABLE on the recorder. It has
two verbs: lock the file behind this descriptor; release it by a verified receipt. A vault that was
taken over can therefore lock, but never unlock what the bureau has not receipted. Nothing else is
in this process: no key, no network, no media.
"""
