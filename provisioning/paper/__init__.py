"""What a clerk prints: the label on a recorder, and the forms that people sign.

Plain values go in, one self-contained page comes out, with nothing from elsewhere; ``filling``
takes the values from the ledger. A form is for a shelf and a signature in ink: the ledger is what
counts. A label names the recorder and its key, never a person: it is read by whoever finds it.
"""
