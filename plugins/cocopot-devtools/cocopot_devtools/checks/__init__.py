"""The checks of `cocopot check-plugin`; each group is in its own module."""
