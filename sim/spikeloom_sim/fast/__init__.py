"""``fast:``, the reference model with a step that is compiled: the same bits, sooner."""
