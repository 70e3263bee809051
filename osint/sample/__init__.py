"""The sample investigation: real public statements, attributed, and a fleet that is synthetic and says so."""
