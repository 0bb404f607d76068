//! Files and folders that survive a power cut: atomic writes, leases, bounded reads, quarantine.
