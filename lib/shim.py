"""The few names that differ between CPython and MicroPython, settled once at import."""

try:
    from micropython import const
except ImportError:  # CPython has no compile-time constants

    def const(value):
        """Return ``value``; under MicroPython the compiler folds it away."""
        return value
