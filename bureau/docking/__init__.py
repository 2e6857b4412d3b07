"""What a recorder has to show when it is put on the cradle (对接核对).

The bureau challenges it (``doorkeeper``), remembers every answer, and compares what the recorder
holds with what it held the last time (``judging``): a card that was put back to an older state, a
copied card, another card, sessions that are gone. Nothing is turned away for it. What verifies is
received as ever; but until a clerk has looked (``book``), no receipt frees space on that recorder.
"""
