"""What each step of the field test does: one file for each part of the recorder.

A step takes the bench, asks the tester for what hands, eyes and ears have to do, measures, and
says what came of it. None decides what comes next, and none writes a report.
"""
