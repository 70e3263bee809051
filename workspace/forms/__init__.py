"""The forms of the pages: they read what a person typed; what is allowed is decided by the commands."""
