//! Parity with networkx and bctpy, and what must hold of every graph.
