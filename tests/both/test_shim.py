from shim import const

_PRIVATE = const(0x1D0)
SHARED = const(_PRIVATE + 4)


def test_const_is_its_value():
    assert _PRIVATE == 464 and SHARED == 468


def test_const_works_at_run_time_too():
    n = 7
    assert const(n) == 7
