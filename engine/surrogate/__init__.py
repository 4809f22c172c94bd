"""The Gaussian process behind Bayesian optimisation: model, acquisition, and its optimisation."""
