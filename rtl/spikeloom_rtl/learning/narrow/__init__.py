"""The learner built small, for cores where cells are few and a word of synapses takes two cycles.

It does what the learner of the folder above does where nothing is rounded by chance: one lane
changes the two weights of a word in turn, effects stand in a table, and of four traces x two
change in a cycle.
"""
