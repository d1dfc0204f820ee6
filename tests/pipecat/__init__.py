"""A real Pipecat bot takes calls of our client; run by `scripts/pipecat`, in an environment of its own."""
