"""The command line: parser, output, one module per command."""
