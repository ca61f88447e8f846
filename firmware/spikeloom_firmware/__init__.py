"""What goes into a board: build plan, image container, flashing. Nothing is built yet."""
