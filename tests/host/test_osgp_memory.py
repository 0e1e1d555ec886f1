"""What the table layer takes of the chip's heap, as `make bench` measures it."""

from tools import stage
from tools.bench.__main__ import table_cost


def test_the_table_layer_is_small(tmp_path):
    stage.stage("x86", out=tmp_path / "x86")
    idle, live, texts, most, name = table_cost(tmp_path / "x86")
    assert idle <= 6 * 1024
    assert live <= 10 * 1024
    assert texts <= live + 3072
    assert most <= 4096, name
