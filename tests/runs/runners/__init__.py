"""Tests of runners, parallel runs and interrupts."""
