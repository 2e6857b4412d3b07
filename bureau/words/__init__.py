"""The bureau's words on their way to its recorders: whose each is (配发), and by which rulebook.

Provisioning writes signed files into the bureau's folder; ``shelf`` finds what is in force there
for a device, ``courier`` publishes it retained, so that a recorder which comes to the cradle after
months hears it at once, and ``answers`` keeps what each recorder made of it, for
``provision policy show --devices``. The desk carries bytes that others signed: it signs none.
"""
