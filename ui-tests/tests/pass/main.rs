//! Code that must compile, run and behave: one file for each shape of function. Most shapes are
//! tested under each guard.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[macro_use]
mod guards;
mod prelude;

mod argument_without_clone;
mod assertions_in_blocks;
mod async_trait_method;
mod attributes_by_path;
mod awaits_in_boundaries;
mod borrow_of_mutable_self;
mod captured_in_format_strings;
mod const_generics;
mod constructor;
mod destructured_arguments;
mod drop_order;
mod durations;
mod early_return_and_question_mark;
mod elided_lifetime_of_self;
mod every_key_of_audit;
mod every_key_of_boundaries;
mod every_key_of_breaker;
mod every_key_of_bulkhead;
mod every_key_of_fallback;
mod every_key_of_handling;
mod every_key_of_health_check;
mod every_key_of_hedge;
mod every_key_of_rate_limit;
mod every_key_of_resilient;
mod every_key_of_retry;
mod every_key_of_retry_with_breaker;
mod every_key_of_timeout;
mod fallback_with_mutable_argument;
mod foreign_error_types;
mod generic_impl;
mod generics_with_where_clause;
mod impl_trait_argument;
mod impl_trait_in_result;
mod inside_macro_rules;
mod items_in_body;
mod locations;
mod minimal_error_types;
mod moved_argument;
mod mutable_argument;
mod mutable_self;
mod named_lifetimes;
mod names_and_codes;
mod names_of_constants;
mod names_of_expansion;
mod native_async_trait_method;
mod nested_function;
mod other_attributes;
mod pointer_self;
mod raw_identifiers;
mod recursion;
mod renamed_crate;
mod result_alias;
mod returned_future;
mod self_by_value;
mod send_but_not_sync_argument;
mod shadowed_prelude;
mod shared_self;
mod stacked_in_each_order;
mod static_future;
mod tail_temporaries;
mod track_caller;
mod trait_default_methods;
mod trait_objects;
mod unit_and_never_values;
mod values_of_many_kinds;
mod with_instrument;
