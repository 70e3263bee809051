"""Jobs and the sandbox in which tools read hostile files."""
