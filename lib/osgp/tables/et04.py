"""ET04 System Information: what tells that the interface has changed (MEP guide p. 56-65)."""

FIELDS = """
14   raw[8]  program_id
116  u8      idt_version
"""
