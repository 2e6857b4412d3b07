"""One recording, from the press that starts it to the press that ends it.

``machine`` is a pure, total table: every phase × event has a row in ``table``, "ignored because …"
included, and what a row does stands in ``moves``. ``gestures`` turns a button's edges into presses,
taps and holds. ``runner`` is the only loop: it takes an event, asks the machine, and ``performing``
hands the effects to the ``parts``. Nothing here knows a driver, a socket or a file.
"""
