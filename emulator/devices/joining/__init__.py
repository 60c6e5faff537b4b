"""What every device that joins has: its `stack`, key establishment over an endpoint, for both ends, and credentials."""
