"""The ledger: append, chain, sequence, prove. Knows no case."""
