"""The stand-alone offline verifier: standard library only, imports nothing of ours."""
