"""How true the measures of a call are: calls in which everything that happens is known to the millisecond."""
