"""New packages from templates that come with détente: `detente new`."""
