"""A module a board, or a family of boards; each has `BOARDS`, a tuple of `BoardTable`."""
