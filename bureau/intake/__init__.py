"""Taking in what devices push: log first, journals next, sealed files last.

A message comes in, responses go out; nothing here knows MQTT. One ``Intake`` serves every device
from one thread. What it holds in memory is a view of what lies on the disk, and is built again
from there after a crash: lines in ``archive/<dev>/device.jws``, chunks in ``partial/``, whole
files in ``archive/<dev>/<sid>/``, receipts in their book. Every step from a first byte to a signed
receipt may be repeated and ends in the same place.
"""
