"""Serving the app as a page of its own, with Voila."""
