"""What things cost: one row an idea, each a distribution or a ratio from one run. `README.md` says how to read it."""
