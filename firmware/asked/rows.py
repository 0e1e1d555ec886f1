"""A table's values one by one, as pieces of JSON: for who cannot hold them all.

`Rows` says the same as `osgp.codec.decode` with the names, units and words of `osgp.about`.
"""

import json

from osgp.fields import Reader, length_of

_NAMED = ("summations", "present_values")


class Rows(Reader):
    """Decodes ``buf`` of the whole table; ``named``: [(name, unit, scale)] of its registers.

    A scale of 0: the meter does not tell the unit.
    """

    def __init__(self, table, dims, buf, named=()):
        Reader.__init__(self, table, dims, buf, 0, len(buf))
        self._named = named

    def texts(self):
        """Iterate over `"name":{"value":..,"unit":..}` (str). Raises TableError."""
        return self._walk(0, 0, {})

    def _walk(self, at, base, values):
        # As `Reader.block`, in steps, and without keeping what was told.
        text = self.text
        if self.top is None:
            self.top = values
        end = offset = base
        while at < len(text):
            stop = text.find("\n", at)
            words = text[at:stop].split()
            at = stop + 1
            if not words:
                continue
            if words[0] == "end":
                break
            where, kind, name = words[:3]
            if words[-2] == "if" and not self.total(words[-1], name, values):
                continue
            if where == "+":
                offset = end
            elif where != "=":
                offset = base + self.total(where, name, values)
            n = None
            if kind[-1] == "]":
                kind, n = kind[:-1].split("[")
                n = self._many(n, values, name, kind, at, base, offset)
            if kind == "rec":
                at, after = yield from self._records(at, offset, n, name)
            else:
                after = offset + length_of(kind, n)
                self.field(values, name, kind, n, offset, after - offset)
                if name != "-":
                    yield from self._tell(name, values[name], words)
                    if not isinstance(values[name], int):
                        del values[name]  # only a number can be referred to
            end = max(end, after)
        return at, end

    def _records(self, at, offset, n, name):
        path = self.path
        after = None
        for i in range(n):
            self.path = "%s%s[%d]." % (path, name, i)
            after, offset = yield from self._walk(at, offset, {})
        self.path = path
        return after or self.skip(at), offset

    def _tell(self, name, value, words):
        path = self.path + name
        if not isinstance(value, list):
            yield self._row(path, value, words)
            return
        named = self._named if name in _NAMED else ()
        for i in range(len(value)):
            if i < len(named):
                called, unit, scale = named[i]
                number = value[i] * scale if scale else None
                yield _text(self.path + called, number, unit or None)
            else:
                yield self._row("%s[%d]" % (path, i), value[i], words)

    def _row(self, path, value, words):
        if isinstance(value, bool) or not isinstance(value, int):
            return _text(path, value, None)
        more = dict(zip(words[3::2], words[4::2]))
        if "is" in more:
            word = self._word(more["is"], value)
            return _text(path, value, None, ',"word":' + json.dumps(word) if word else "")
        per = int(more.get("per", 1))
        number = decimal(value, per) if per > 1 else str(value)
        return _line(path, number, more.get("unit"))

    def _word(self, name, value):
        # Looked up in the text: a dict of the list would be made for each row.
        from osgp.about import SOURCE
        from osgp.fields import declaration

        if name == SOURCE:
            return _source(value)
        for line in declaration(self.table).NAMES.split("\n"):
            if line.startswith(name + " "):
                for pair in line[len(name) :].split(";"):
                    number, word = pair.strip().split(" ")
                    if int(number) == value:
                        return word
        return None


def decimal(value, divisor):
    """``value`` / ``divisor``, which is a power of ten, as text: a float would be rounded."""
    whole, part = divmod(abs(value), divisor)
    return "%s%d.%0*d" % ("-" if value < 0 else "", whole, len(str(divisor)) - 1, part)


def _source(value):
    from osgp.sources import HIGHEST_ID, describe

    return next(describe(28, bytes([value]), 1, 1))[0] if value <= HIGHEST_ID else None


def _text(path, value, unit, more=""):
    return _line(path, json.dumps(value), unit, more)


def _line(path, value, unit, more=""):
    return '"%s":{"value":%s,"unit":%s%s}' % (path, value, json.dumps(unit), more)
