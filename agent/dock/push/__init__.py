"""Device to desk (移交): pushing what the vault sealed.

``handover`` is the order of one connection: the device log first (``log_push``), then journals,
then sealed files, then waiting for receipts. ``pusher`` moves several files at a time, each a
``transfer``, within one ``window``; ``backlog`` reads from the card what there is. Nothing is kept
of a push that was cut: the desk says where it is, each time.
"""
