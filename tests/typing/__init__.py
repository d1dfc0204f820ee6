"""What a type checker says of uses of the API."""
