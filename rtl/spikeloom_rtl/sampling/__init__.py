"""Samples: stimulus and read-out on the chip.

One component a file; `sampler` joins them. Source: ``docs/semantics.md``, section 7.
"""
