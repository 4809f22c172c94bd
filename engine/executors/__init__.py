"""Where trials run: worker processes, the threads that supervise them, the devices they use."""
