"""The bureau and its people: founded, enrolling, deciding, filing what comes in."""
