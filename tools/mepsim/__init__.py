"""A simulated meter: it behaves as the MEP guide says a meter behaves. CPython only.

It shares the packet, digest and key code of `lib/mep` with the client, and nothing else.
"""

from tools.paths import add_paths

add_paths()
