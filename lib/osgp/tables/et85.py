"""ET85 MEP Procedure Response (MEP2): what came of it, for MEP client 2 (MEP guide p. 186)."""

from .bt08 import FIELDS, NAMES

ABOUT = "MEP Procedure Response (MEP2);MBK r;MAK r;RAM;4.0"
__all__ = ("FIELDS", "NAMES")
