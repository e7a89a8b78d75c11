"""What `cocopot check-plugin` looks for: each group of checks in a module of its own."""
