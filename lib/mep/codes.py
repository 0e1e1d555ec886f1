"""What the reply codes of the MEP port mean (guide, table 2.7)."""

# From 0x01, one text: tuples and strings of their own would take three times as much of the heap.
_NAMES = (
    "unrecognised request,unsupported request,no permission,operation not possible,"
    "table operation not possible,,,,,no TLS session,authentication failed,wrong sequence number"
)


def code_name(code):
    """The name of a reply code (int)."""
    names = _NAMES.split(",")
    name = names[code - 1] if 0 < code <= len(names) else ""
    return name or "unknown code 0x%02X" % code
