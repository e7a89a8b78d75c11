"""Commands for authors of Cocopot applications and plugins: `cocopot new` and `cocopot check-plugin`."""
