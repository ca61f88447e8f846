"""Learning: traces, changes of weights, and the random numbers that round them.

One component a file; `learner` joins those of a core. Source: ``docs/semantics.md``, section 4.
"""
