"""The verbs of the command line, by what they are about. Heavy imports stand inside the functions."""
