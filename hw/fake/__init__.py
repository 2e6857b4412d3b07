"""A recorder's body without hardware: real pictures, real H.264, real sound, real time.

The physical world is one value (``state``) that everybody sees. A verb of ``world.FakeWorld``
changes it; the parts (camera, microphone, buttons …) feel the change through a ``link``. The
world is a process of its own, ``python -m hw.fake.world --socket PATH``, shared by the three
processes of a recorder; in a unit test the same world lives in the test, with a clock that jumps.
"""
