"""Which protections of this recorder are live, absent or broken, and what to do about it.

Each check looks at one protection and says what it found; none of them changes anything. What is
looked at lies under a root prefix, so that a folder is a machine for the tests.
"""
