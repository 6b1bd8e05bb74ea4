"""Program to Program: each rewrite is proved equal to the plain path by a test."""
