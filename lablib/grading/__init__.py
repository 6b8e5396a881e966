"""Verdicts on work: a script of a student's, graded from the state it leaves."""
