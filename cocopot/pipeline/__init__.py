"""A request: what is compiled for one endpoint, the lifecycle, its overridable steps and defaults."""
