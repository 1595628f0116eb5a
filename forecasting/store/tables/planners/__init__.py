"""What planners say: their tables in the lake."""
