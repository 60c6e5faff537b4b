"""What is run and timed; a probe is a function that returns numbers by name, called by `benchmarks.child` alone."""
