//! Child processes: one port, a hermetic environment, time limits, the network denied where asked.
