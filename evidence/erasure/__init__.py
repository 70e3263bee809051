"""Erasure: fields of events, and bytes of files, that go for good; one person asks, a second one agrees."""
