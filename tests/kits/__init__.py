"""What tests share: each folder sets one kind of stage, and tells what happened on it.

From cheap to dear: ``records`` is signed bytes in memory, ``rules`` an officer's days of them,
``media`` real sound and pictures, ``device`` parts of a recorder in the test's process, ``bureau``
a founded bureau in a folder, ``wire`` a real broker between the two; ``processes`` has the programs
as they run in life, and ``cards`` media that are filled, or lose their power.
"""
