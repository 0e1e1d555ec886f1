"""ET59 MEP Procedure Response: what came of it, for MEP client 1 (MEP guide p. 165)."""

from .bt08 import FIELDS, NAMES

ABOUT = "MEP Procedure Response;MBK r;MAK r;RAM;all"
__all__ = ("FIELDS", "NAMES")
