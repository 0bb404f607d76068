//! Who may open and who may vouch: recipients, identities, seals, signers, the trust file.
