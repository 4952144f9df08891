"""Settings, bootstrap, command line, jobs, roles; the only room that knows every other."""
