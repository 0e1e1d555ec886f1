# Runs before main.py on the module. Nothing here may fail.
import micropython

micropython.alloc_emergency_exception_buf(100)
