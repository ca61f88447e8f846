"""What is in a bitstream: unpacked again, and compared with the design that it was made from."""

from .check import Checked, MismatchError, check_bitstream
from .format import Format, Unpacked, format_of

__all__ = ["Checked", "Format", "MismatchError", "Unpacked", "check_bitstream", "format_of"]
