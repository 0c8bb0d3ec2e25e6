"""What each command does between the command line and the answer; one module a command, imported when called."""
