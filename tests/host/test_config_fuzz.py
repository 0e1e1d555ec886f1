"""No input makes the configuration raise anything but ConfigError, nor shows a secret."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import config, storage, texts

KEY = "a7941d85bce8a8fa2ab7"
PRESENT = config.validate({"key": KEY, "mqtt_password": "hush-hush"})
NAMES = [e[0] for e in config.SCHEMA] + ["version"]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    scalars, lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(), c, max_size=3)
)
near = st.dictionaries(
    st.sampled_from(NAMES), scalars | st.sampled_from([80, "", "1.2.3.4", 1]), max_size=6
)


def _only_config_errors(f, *args):
    try:
        return f(*args)
    except config.ConfigError as e:
        for language in texts.LANGUAGES:
            text = e.text(language)
            assert text and "\n" not in text and KEY not in text and "hush" not in text
        return None


@settings(max_examples=300, deadline=None)
@given(near | anything)
def test_validate(value):
    checked = _only_config_errors(config.validate, value, False)
    if checked is not None:
        assert config.problems(checked, False) == []
        assert set(NAMES) <= set(checked) and set(value) <= set(checked)


@settings(max_examples=300, deadline=None)
@given(st.text() | st.binary() | (near | anything).map(json.dumps))
def test_import(text):
    before = dict(PRESENT)
    changed = _only_config_errors(config.import_, text, PRESENT)
    assert before == PRESENT
    if changed is not None:
        assert config.import_(config.export(changed), changed) == changed
        assert KEY not in config.export(changed)


@settings(max_examples=150, deadline=None)
@given(st.binary() | (near | anything).map(lambda v: json.dumps(v).encode()))
def test_restore_never_raises(tmp_path_factory, data):
    name = str(tmp_path_factory.getbasetemp() / "c")
    storage.save(name, data)
    restored, notes = config.restore(name)
    assert config.problems(restored, False) == []
    assert all(n.text("da") for n in notes)
    storage.remove(name)
