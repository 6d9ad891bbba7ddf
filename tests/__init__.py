"""The tests of Whimbrel."""
