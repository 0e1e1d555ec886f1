"""mepctl: read, record and simulate OSGP meters from the command line (see `mepctl --help`)."""

VERSION = "0.1.0"
