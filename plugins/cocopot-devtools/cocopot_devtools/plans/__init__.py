"""What `cocopot plan` stages, runs and compares."""
