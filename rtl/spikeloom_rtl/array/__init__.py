"""The array: scheduler, cores, spike bus, sequencer, registers. One component a file."""
