"""The command line: parser, output, and one module per command."""
