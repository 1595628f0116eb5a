"""The command line: arguments, help and printing. What a command does is a job."""
