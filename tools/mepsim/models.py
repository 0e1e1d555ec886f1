"""The meters that can be simulated, as data, and the orders in which a meter may list its values.

Values and summations are named here by their numbers in the guide's lists (BT23 p. 208-210,
BT28 p. 216-220); a model's order says which of them stands where.
"""

import random
from dataclasses import dataclass, replace

# Source ids (BT22, p. 204-206) of the summations, by their number in BT23. The apparent energies
# of Gen 4 have no id in the guide's list; they get ids of its "mapped sources".
SUM_SOURCES = (*range(8), 26, 27, 28, *range(108, 112), *range(112, 116))
# The same for the present values of BT28.
VALUE_SOURCES = (
    *range(8, 26),
    *range(81, 85),
    *range(104, 108),
    *range(185, 200),
    *range(202, 245),
)
DEMAND_SOURCE = 88  # "Present Dmd 1", the first of eight


@dataclass(frozen=True)
class Model:
    """What makes one kind of meter differ from another."""

    name: str
    model: str
    firmware: tuple  # major, minor, build
    sums: int
    values: int
    tiers: int
    manufacturer: str = "ELON"
    serial: str = "4080" + "1234" * 3
    image_crc: int = 55331
    program_id: str = "9fffff5003840600"
    self_reads: int = 12
    demands: int = 0
    coincidents: int = 0
    time_remaining: bool = False
    channels: int = 1  # MEP clients
    energy_unit: int = 1  # 1, 10 or 100 Wh
    ct_ratio: int = 1
    vt_ratio: int = 1
    ratios_applied: bool = False
    handle: int = 0x03F8  # of MEP client 1
    idt_version: int = 4
    days: int = 40  # of load profile
    sum_order: tuple = ()  # numbers of BT23 in the order reported; () is the guide's
    value_order: tuple = ()

    @property
    def gen4(self):
        return self.firmware[0] >= 4

    @property
    def sum_numbers(self):
        """Which summation stands at each place of BT23."""
        return self.sum_order or tuple(range(self.sums))

    @property
    def value_numbers(self):
        """Which present value stands at each place of BT28."""
        return self.value_order or tuple(range(self.values))

    @property
    def ratio(self):
        """What powers and energies are multiplied by."""
        return self.ct_ratio * self.vt_ratio if self.ratios_applied else 1


GEN3 = Model("gen3", "83331-3I", (3, 84, 6), 11, 55, 4)

MODELS = {
    "gen3": GEN3,
    "gen3-demand": replace(GEN3, name="gen3-demand", sums=15, demands=2, coincidents=4),
    "gen4": Model(
        "gen4",
        "83334-3I",
        (4, 30, 0),
        19,
        84,
        8,
        channels=2,
        program_id="9fffff5004300000",
    ),
}
# What firmware of other ages reports (guide, BT28: "fields added in firmware version").
_AGES = (
    ("gen3-3.00", (3, 0, 24), 22),
    ("gen3-3.10", (3, 10, 21), 26),
    ("gen3-3.50", (3, 50, 3), 41),
)
for _name, _firmware, _values in _AGES:
    MODELS[_name] = replace(GEN3, name=_name, firmware=_firmware, values=_values)
for _name, _firmware, _values in (("gen4-4.00", (4, 0, 2), 72), ("gen4-4.10", (4, 10, 1), 75)):
    MODELS[_name] = replace(MODELS["gen4"], name=_name, firmware=_firmware, values=_values)


def shuffled(model, seed=1):
    """The same meter, but with orders of its own in BT22 and BT27, as the guide allows."""
    r = random.Random(seed)
    sums = list(range(model.sums))
    values = list(range(model.values))
    r.shuffle(sums)
    r.shuffle(values)
    return replace(model, sum_order=tuple(sums), value_order=tuple(values))
