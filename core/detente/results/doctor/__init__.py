"""What went wrong in a run, from its record alone: rules with thresholds that were measured on planted faults.

`rules.RULES` is the list. No torch is needed.
"""
