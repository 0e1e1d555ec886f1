"""The interpreter's own image, where the partition table has a second place for one."""

from esp32 import Partition

from shim import const

SECTOR = const(4096)


def running():
    """Label of the partition whose interpreter runs."""
    return Partition(Partition.RUNNING).info()[4]


def spare():
    """The partition for the next image, or None: the stock image has room for one only."""
    try:
        return Partition(Partition.RUNNING).get_next_update()
    except OSError:
        return None


def boot(label):
    """Have the next start run the image in the partition ``label``. Raises OSError."""
    found = Partition.find(Partition.TYPE_APP, label=label)
    if not found:
        raise OSError("no partition " + label)
    # ESP-IDF reads the whole image first, which takes a second or so.
    found[0].set_boot()


def keep():
    """The running image is good: the boot loader need not go back from it. Raises OSError."""
    Partition.mark_app_valid_cancel_rollback()
