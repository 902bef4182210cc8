"""Authorization of the local cloud: which call of which principal AWS would allow."""
