import os

from firmware import storage

NAME = "test-storage.tmp"


def _clean():
    storage.remove(NAME)


def _bytes(end):
    with open(NAME + end, "rb") as f:
        return f.read()


def _put(end, data):
    with open(NAME + end, "wb") as f:
        f.write(data)


def _clean_after(test):
    def run():
        _clean()
        try:
            test()
        finally:
            _clean()

    return run


@_clean_after
def test_nothing_saved():
    assert storage.load(NAME) is None and storage.damaged(NAME) == 0


@_clean_after
def test_the_last_saved_is_loaded():
    for data in (b"one", b"", b"three" * 700, bytes(range(256)), b"x" * storage.MAX):
        storage.save(NAME, data)
        assert storage.load(NAME) == data
    assert storage.damaged(NAME) == 0


@_clean_after
def test_the_older_copy_is_the_one_overwritten():
    storage.save(NAME, b"1")
    storage.save(NAME, b"2")
    newer = [end for end in (".a", ".b") if _bytes(end)[-1:] == b"2"]
    assert len(newer) == 1
    storage.save(NAME, b"3")
    assert _bytes(newer[0])[-1:] == b"2"


@_clean_after
def test_any_cut_or_flipped_byte_of_one_copy_leaves_the_other():
    storage.save(NAME, b"old")
    storage.save(NAME, b"new")
    a, b = _bytes(".a"), _bytes(".b")
    newest, whole = (".a", a) if a[-3:] == b"new" else (".b", b)
    for cut in range(len(whole)):
        _put(newest, whole[:cut])
        assert storage.load(NAME) == b"old" and storage.damaged(NAME) == 1
    for i in range(len(whole)):
        for bit in (1, 0x20, 0x80):
            bad = bytearray(whole)
            bad[i] ^= bit
            _put(newest, bad)
            data = storage.load(NAME)
            # The case of a hex digit in the head carries no meaning.
            assert data == b"old" or (data == b"new" and bit == 0x20), (i, bit)
    _put(newest, whole + b"\0")
    assert storage.load(NAME) == b"old"
    _put(newest, whole)
    assert storage.load(NAME) == b"new"


@_clean_after
def test_both_damaged_is_nothing_and_can_be_saved_again():
    _put(".a", b"")
    _put(".b", b"MEP1 " + b"\xff" * 40)
    assert storage.load(NAME) is None and storage.damaged(NAME) == 2
    storage.save(NAME, b"again")
    assert storage.load(NAME) == b"again"


@_clean_after
def test_too_much_is_refused():
    storage.save(NAME, b"old")
    try:
        storage.save(NAME, b"x" * (storage.MAX + 1))
        raise AssertionError("accepted")
    except storage.StorageError as e:
        assert "16384" in str(e)
    assert storage.load(NAME) == b"old"


class _Full:
    # A file on a flash with room for ``room`` bytes.
    def __init__(self, file, room, code):
        self.file = file
        self.room = room
        self.code = code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        self.file.write(data[: self.room])
        self.room -= len(data)
        if self.room < 0:
            raise OSError(self.code, "made up")

    def flush(self):
        self.file.flush()

    def fileno(self):
        return self.file.fileno()


def _save_where_writing_fails(room, code):
    def small(path, mode):
        file = open(path, mode)
        return _Full(file, room, code) if mode == "wb" else file

    storage.open = small
    try:
        storage.save(NAME, b"new")
    except storage.StorageError as e:
        return e
    finally:
        del storage.open
    return None


@_clean_after
def test_a_full_flash_is_told_and_the_old_stays():
    storage.save(NAME, b"older")
    storage.save(NAME, b"old")
    for room in range(35):
        e = _save_where_writing_fails(room, 28)
        assert e.args[0] == "full" and "full" in str(e) and "voll" in e.text("de")
        assert storage.load(NAME) == b"old"
        # The half copy is gone: it would only take room.
        assert storage.damaged(NAME) == 0
    assert _save_where_writing_fails(3, 5).args[0] == "write"
    assert _save_where_writing_fails(35, 28) is None and storage.load(NAME) == b"new"


@_clean_after
def test_a_flash_that_keeps_other_bytes_is_told():
    class Liar(_Full):
        def write(self, data):
            self.file.write(data.replace(b"n", b"m"))

    storage.save(NAME, b"old")
    storage.open = lambda path, mode: (
        Liar(open(path, mode), 0, 0) if mode == "wb" else open(path, mode)
    )
    try:
        storage.save(NAME, b"new")
        raise AssertionError("accepted")
    except storage.StorageError as e:
        assert e.args[0] == "verify"
    finally:
        del storage.open
    assert storage.load(NAME) == b"old"


def _remove_noting():
    # What is loaded after each of the two files has gone.
    found = []
    real = storage.delete

    def remove(path):
        real(path)
        found.append(storage.load(NAME))

    storage.delete = remove
    try:
        storage.remove(NAME)
    finally:
        storage.delete = real
    return found


@_clean_after
def test_remove_takes_the_older_copy_first():
    # Cut in between, the newest must still be the one that counts.
    for count in (1, 2, 3):
        for i in range(count):
            storage.save(NAME, str(i).encode())
        assert _remove_noting() == [str(count - 1).encode(), None]
        assert not [f for f in os.listdir(".") if f.startswith(NAME)]
