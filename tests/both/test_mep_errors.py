from mep.errors import LocalError, MepError, TableError


def test_a_table_error_names_table_field_and_why():
    try:
        raise TableError("BT21", "present values", "2 bytes missing")
    except MepError as e:
        assert str(e) == "BT21, present values: 2 bytes missing"
        assert (e.table, e.field, e.why) == ("BT21", "present values", "2 bytes missing")


def test_a_local_error_is_not_a_table_error():
    assert isinstance(LocalError("x"), MepError) and not isinstance(LocalError("x"), TableError)
