"""Sentences for détente: data, networks, metrics and the domain that ties them together."""
