"""Start Home Assistant with what its configuration names and nothing else.

Run by a Python that has Home Assistant: ``python serve.py FOLDER``. Its usual set of integrations
(frontend, cloud, Bluetooth and the like) wants packages that the proof does not need.
"""

import sys

from homeassistant import bootstrap, runner

bootstrap.DEFAULT_INTEGRATIONS = set()
sys.exit(runner.run(runner.RuntimeConfig(config_dir=sys.argv[1], skip_pip=True, verbose=False)))
