"""Who may write which table, and since which firmware it exists (guide, appendix C, chapter 4)."""

ET = 2048
NOBODY, MBK, MAK = 0, 1, 2

# `number level`, `@` and the first firmware where it is not in all. w: with MAK, b: with MBK too.
_BASIC = (
    "0 1 3 4 7b 8 15w 20 21 22 23w 24w 25 26 27 28 30 33w 50 52 53w 54w 55 60 61 62 63 64 65@3.50 "
    "66@3.50 67@3.50 70 71 74"
)
_EXTENDED = (
    "3w 4w 9w 11 13w 14 15 16 21 23w 29 31 34w 36 41 42 45 46 47w 50b 51b 52b 53 54 55w "
    "57w@3.30 58 59 61w@3.30 62w 66 70w 71b@3.40 74@3.60 75@3.60 79@3.70 80w@3.70 81@3.70 "
    "85@4.0 89 90@3.82 97w@3.82"
)


def levels(firmware):
    """``{number: key level that a write needs}`` of a meter's firmware (major, minor, build)."""
    out = {}
    for first, text in ((0, _BASIC), (ET, _EXTENDED)):
        for word in text.split():
            word, _, since = word.partition("@")
            if since and firmware[:2] < tuple(int(part) for part in since.split(".")):
                continue
            number = int(word.rstrip("wb"))
            out[first + number] = {"w": MAK, "b": MBK}.get(word[-1], NOBODY)
    return out
