"""Tests of what an attacker can't do."""
