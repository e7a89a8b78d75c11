"""Commands for authors of Cocopot applications and plugins: `cocopot new`, `check-plugin` and `hook-docs`."""
