"""One recording, from the press that starts it to the press that ends it.

``machine`` is a pure, total table: every phase × event has a row, "ignored because …" included.
``gestures`` turns a button's edges into presses, taps and holds. ``runner`` is the only loop: it
takes an event, asks the machine, performs the effects. Nothing here knows a driver, a socket or a
file.
"""
