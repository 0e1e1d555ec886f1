"""BT20 Dimension Register: the most that BT21 may say (optical guide p. 20)."""

from .bt21 import FIELDS

ABOUT = "Dimension Register;MBK r;MAK r;RAM;all"
__all__ = ("FIELDS",)
