"""The control of `post`: the least that a Django REST view can do with a statement, validate it and keep one row."""
