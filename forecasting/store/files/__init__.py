"""Files outside the lake: feeds, stream definitions, model bundles and exports."""
