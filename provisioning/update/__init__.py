"""Updates at the desk: make a bundle of wheels and overlay files, have clerk and head sign it.

``bundling`` is all of it: a bundle is a folder, and nothing but its manifest is signed. Recorders
judge it once more (``agent.update``).
"""
