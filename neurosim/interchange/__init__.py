"""Other people's formats, each in a file of its own, whose library is imported where it is needed."""
