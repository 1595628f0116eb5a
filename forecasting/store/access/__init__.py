"""How the catalog's server and the object store are reached."""
