//! The binary as a user meets it: every test runs it as a process of its own.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod credits;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod disk;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod help;
#[cfg(test)]
mod http;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod kie;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod media;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod support;
#[cfg(test)]
mod telegram;
