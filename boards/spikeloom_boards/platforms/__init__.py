"""Amaranth platforms of boards that amaranth-boards does not have, or has wrong."""
