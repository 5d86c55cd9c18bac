"""Who is asking: identity providers, the pages to log in and register, and what counts as use of a session."""
