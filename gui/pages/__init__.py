"""The places of the window: Start, Design, Run, Results."""
