"""The commands: parse, call, print. What is heavy is imported inside a command, so that help is quick."""
