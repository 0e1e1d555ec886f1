"""Programs for the host (CPython): set-up, staging, the simulated meter, the command line."""
