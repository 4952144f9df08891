"""Imports through the page: upload, columns, a look ahead, the import as a job, what is left."""
