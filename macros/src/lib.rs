//! The attributes and block macros of gardefou.
