"""What the dabbler firmware publishes: five JSON messages every 10 s, and ``lwt``.

Integers in the meter's units. Its power factor was 2**32 - n where ours is negative.
"""

from . import METER, members

# Topic, then keys and the store's names.
_MESSAGES = (
    (
        "sensors L#_RMS_A current_l#;L#_RMS_V voltage_l#;L#_PF_Fac power_factor_l#;"
        "ExportReactive_VAr reactive_export;ImportReactive_VAr reactive_import"
    ),
    "meterConsumptionTotal Fwd_Act_Wh energy_forward;Rev_Act_Wh energy_reverse",
    (
        "meterConsumptionFwd Fwd_W power_forward;Fwd_Avg_W power_forward_average;"
        "L#_Fwd_W power_forward_l#;L#_Fwd_Avg_W power_forward_average_l#"
    ),
    (
        "meterConsumptionRev Rev_W power_reverse;Rev_Avg_W power_reverse_average;"
        "L#_Rev_W power_reverse_l#;L#_Rev_Avg_W power_reverse_average_l#"
    ),
    "frequency Freq_mHz frequency",
)


def will(about):
    """Topic of the last will, what it says then, and what before."""
    return about.base + "/lwt", "Offline", "Online"


def hello(store, about):
    """What a connection begins with."""
    yield about.base + "/lwt", "Online", True


def messages(store, about):
    """All messages, in the order of old."""
    for message in _MESSAGES:
        topic, spec = message.split(" ", 1)
        text = members(store, spec)
        if text:
            yield "%s/%s/mydatajson" % (about.base, topic), "{%s}" % text, False


EVERY = ((10, messages, METER),)
