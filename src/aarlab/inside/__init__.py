"""What runs inside a researcher's sandbox: the command `lab`. Standard library, `aarlab.quote` and the socket only."""
