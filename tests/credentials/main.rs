//! With what we prove to Entra who we are, against the simulated Entra, which reads every proof in its own way.

mod kinds;
mod load;
mod refusals;
mod stage;
