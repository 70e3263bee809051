"""The pages: each reads, or calls one command, and shows what came of it."""
