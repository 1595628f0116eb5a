"""Stream definitions: every table of their TOML, typed and checked. Files are read in store/, packaged definitions are
in definitions/."""
