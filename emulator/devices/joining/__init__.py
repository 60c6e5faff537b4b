"""What every device that joins has: key establishment over an endpoint, for both ends, and the credentials for it."""
