"""BT60 Dimension Load Profile: the most that BT61 may say (MEP guide p. 231)."""

from .bt61 import FIELDS

ABOUT = "Dimension Load Profile;MBK r;MAK r;RAM;all"
__all__ = ("FIELDS",)
