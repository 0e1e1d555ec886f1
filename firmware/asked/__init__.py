"""What is asked of the meter over HTTP beyond the live values; loaded for one question each."""
