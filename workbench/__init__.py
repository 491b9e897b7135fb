"""What the screens need that is not a screen: plain Python over `crr`, testable with no browser."""
