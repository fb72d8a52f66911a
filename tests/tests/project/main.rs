//! What must stay true of the project itself: who may import whom, and how much a user has to build.

mod dependencies;
mod layers;
