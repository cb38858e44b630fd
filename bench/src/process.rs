//! What processes use, as Linux tells it.

use std::fs;

use crate::Result;

/// The ticks of /proc/PID/stat a second, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// Seconds of processor time that a process has used since its start.
///
/// # Errors
/// When it has ended.
pub fn cpu(pid: u32) -> Result<f64> {
    // The 12th and 13th field after the name: utime and stime.
    seconds(&pid.to_string(), 11)
}

/// Seconds of processor time of this process's children that have ended.
///
/// # Errors
/// When /proc can't be read.
pub fn cpu_of_ended_children() -> Result<f64> {
    // cutime and cstime.
    seconds("self", 13)
}

fn seconds(process: &str, field: usize) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))
        .map_err(|e| format!("process {process} has ended: {e}"))?;
    // The name, in brackets, may hold anything.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let fields = after.split_whitespace().skip(field).take(2);
    Ok(fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS)
}

/// MB of memory that a process holds.
///
/// # Errors
/// When it has ended.
pub fn memory(pid: u32) -> Result<f64> {
    megabytes(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// MB of memory that a process and its children hold; what they share counts once.
///
/// # Errors
/// When it has ended.
pub fn memory_with_children(pid: u32) -> Result<f64> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .map_err(|e| format!("process {pid} has ended: {e}"))?;
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    let of = |pid: u32| megabytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:");
    [pid].into_iter().chain(children).map(of).sum()
}

fn megabytes(path: &str, name: &str) -> Result<f64> {
    let text = fs::read_to_string(path).map_err(|e| format!("the process has ended: {e}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.map(|kb: f64| kb / 1024.0).ok_or_else(|| format!("{path} has no {name}"))
}
