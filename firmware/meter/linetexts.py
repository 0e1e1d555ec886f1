"""What `line` tells the owner of a faulty line; loaded for that and dropped after it."""

COUNTERFEIT = (
    "the line came back only after its MAX3232 was off to cool, %d times so far: unless somebody "
    "used the optical eye then, the chip is a counterfeit that latches up; put in a genuine one"
)
DEAD = (
    "nothing heard although the line was switched off and on again and again: check the plug, "
    "ENABLE (8..9 V, an M on the meter's display) and whether the MAX3232 is hot (counterfeit)"
)
RATE = "the meter is heard at %d baud, not at the configured %d: correct the setting baud"
SAG = (
    "replies are always cut after about %d bytes: ENABLE sags (it feeds the meter's transmitter, "
    "8..9 V needed), check it; short partial reads still work and are used now"
)
