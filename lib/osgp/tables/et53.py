"""ET53 MEP Transaction Response Table: what came of ET52 (MEP guide p. 47, 132)."""

from .et52 import FIELDS, NAMES

ABOUT = "MEP Transaction Response Table;MBK r;MAK r;NVM;all"
__all__ = ("FIELDS", "NAMES")
