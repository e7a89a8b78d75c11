"""The checks of `cocopot check-plugin`; each group is in a module of its own."""
