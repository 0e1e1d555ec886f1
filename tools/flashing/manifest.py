"""Write a manifest for ESP Web Tools, which installs from a browser's page.

    .venv/bin/python -m tools.flashing.manifest --image esp32=FILE [--image esp32c3=FILE] --out DIR

FILE is a merged image: MicroPython and a file system with the firmware, without any
configuration. docs/flashing.md says how one is made. DIR gets manifest.json and the images; a
page that serves DIR by https names it in <esp-web-install-button manifest="manifest.json">.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from tools.mepctl import VERSION
from . import FlashError
from .chips import CHIPS
from .image import Image

NAME = "NES meter reader"


def make(images, version=VERSION):
    """The manifest (dict) for ``{chip: Image}``; each image is named as `file_name` says."""
    builds = []
    for chip in sorted(images):
        check(images[chip])
        part = {"path": file_name(chip, version), "offset": images[chip].offset}
        builds.append({"chipFamily": CHIPS[chip][0], "parts": [part]})
    # The name of the network and its password are on the console, which the page can show.
    return {
        "name": NAME,
        "version": version,
        "new_install_prompt_erase": True,
        "builds": builds,
    }


def file_name(chip, version=VERSION):
    """An image's name in the manifest."""
    return "mep-%s-%s.bin" % (chip, version)


def check(image):
    """Raise FlashError unless ``image`` holds a file system with something in it."""
    found = [start for name, start, _ in image.partitions if name == "vfs"]
    at = found[0] - image.offset if found else 0
    # LittleFS 2 writes its name into its first block (SPEC.md of littlefs, superblock).
    if not found or b"littlefs" not in image.data[at : at + 8192]:
        raise FlashError(
            "image %s: no files in it; a merged image is needed, see docs/flashing.md"
            % image.path.name,
            usage=True,
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", action="append", required=True, metavar="CHIP=FILE")
    parser.add_argument("--out", required=True, metavar="DIR")
    args = parser.parse_args(arguments)
    try:
        images = {}
        for text in args.image:
            chip, _, path = text.partition("=")
            if chip not in CHIPS or not path:
                parser.error("--image %s: write CHIP=FILE, CHIP one of %s" % (text, list(CHIPS)))
            images[chip] = Image(path, chip)
        manifest = make(images)
    except FlashError as e:
        print("error: %s" % e, file=sys.stderr)
        return 2
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    for chip in images:
        shutil.copy(images[chip].path, out / file_name(chip))
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
