"""Tables that the guides list and describe nowhere: their bytes are given as they are.

MEP guide, tables C.1 and C.4 (p. 260-264); optical guide, table A.1 (p. 60-63).
"""

TABLES = """
ET01 Pulse Output Options;MBK r;MAK rw;?;all
ET02 Battery Information;MBK r;MAK rw;RAM;all
ET05 Control Output Settings;MBK r;MAK rw;RAM;all
ET06 Pulse Inputs;MBK r;MAK rw;RAM;all
ET07 LCD Display Configuration Table;MBK r;MAK rw;mixed;all
ET30 Maximum Power or Current Level Control;MBK r;MAK r;RAM;all
ET40 Demand Configuration;MBK r;MAK rw;mixed;all
ET67 Display Source ID Mapping Table;MBK r;MAK rw;RAM;all
ET76 Externally Configurable Hardware Options;MBK r;MAK rw;RAM;all
ET77 Secondary Display List;MBK r;MAK rw;mixed;3.70
ET92 P2P Connection Configuration;MBK ?;MAK ?;?;all
ET93 P2P Connection Status;MBK ?;MAK ?;?;all
ET94 P2P Gateway Module Configuration;MBK ?;MAK ?;?;all
ET95 P2P Gateway Module Status;MBK ?;MAK ?;?;all
ET96 P2P Gateway Model Socket Status;MBK ?;MAK ?;?;all
ET98 P2P AT Command Response;MBK ?;MAK ?;?;4.20
"""


def names():
    """All of them, as a list."""
    return [line.split(" ")[0] for line in TABLES.split("\n") if line]


class Listed:
    """What a module of `osgp.tables` holds, for the table ``name``; ABOUT is None if unknown."""

    def __init__(self, name):
        at = TABLES.find("\n%s " % name)
        self.ABOUT = None if at < 0 else TABLES[at + 6 : TABLES.find("\n", at + 1)]
        self.NAMES = ""
        # Point to point modems: addresses, passwords and PINs of somebody's network.
        secret = (self.ABOUT or "").startswith("P2P ")
        self.FIELDS = "0 raw[*] data is SECRET\n" if secret else "0 raw[*] data\n"
