"""The field test (现场检测): a guided protocol that shows what a real recorder can do.

What only hardware can prove is proved here: step by step, on the recorder as it ships, with a
person who presses, looks, listens and claps. The recorder itself runs (``agent.recorder``); the
test stands between its mind and its body, watches what crosses the ports, and tells the tester what
to do next. It ends in a report that the vault signs: the test never sees a key.

``protocol`` has the table of steps, ``steps`` what each of them does, ``words`` what is said.
"""
