"""``recorder console``: a recorder in a terminal, to be tried as an officer would.

Shows what an officer sees and hears of a recorder with the fake body (the lamp, the prompts as
text, the battery, the room that is left, how loud it is) and, below, what the recorder signs while
he does it. Keys are fingers: they press and hold the three buttons, put the recorder on its cradle,
cover the lens. It is another window on the recorder's processes, which know nothing of it: nothing
is decided or recorded here.
"""
