"""What tables must look like before they are published: pandera schemas and checks. Nothing here reads or writes."""
