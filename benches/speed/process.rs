//! What Linux says of a process: time on the processor, memory, threads, open files, system calls that read.

use std::{fs, time::Duration};

/// Time all threads of the process spent on a processor so far (to the nanosecond; threads that ended are not in it).
pub(crate) fn cpu(pid: u32) -> Result<Duration, String> {
    let folder = format!("/proc/{pid}/task");
    let mut sum = 0;
    for task in fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))? {
        let task = task.map_err(|error| error.to_string())?.path().join("schedstat");
        // A thread may end between listing and reading.
        let Ok(text) = fs::read_to_string(&task) else { continue };
        sum += text.split(' ').next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(sum))
}

/// Time the calling thread spent on a processor so far.
pub(crate) fn own_cpu() -> Result<Duration, String> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").map_err(|error| error.to_string())?;
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok()).ok_or("schedstat is not readable")?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// A number of `/proc/PID/FILE` by its name.
fn field(pid: u32, file: &str, name: &str) -> Result<u64, String> {
    let path = format!("/proc/{pid}/{file}");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| format!("{path} has no {name}"))
}

/// The most memory it ever had resident, in KiB.
pub(crate) fn peak_memory(pid: u32) -> Result<u64, String> {
    field(pid, "status", "VmHWM")
}

/// How often it went to the kernel to read.
pub(crate) fn reads(pid: u32) -> Result<u64, String> {
    field(pid, "io", "syscr")
}

/// How often its threads were woken, all together.
pub(crate) fn wakes(pid: u32) -> Result<u64, String> {
    let folder = format!("/proc/{pid}/task");
    let tasks = fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let switches = |name: String| field(pid, &format!("task/{name}/status"), "voluntary_ctxt_switches").unwrap_or(0);
    Ok(tasks.filter_map(|task| Some(switches(task.ok()?.file_name().into_string().ok()?))).sum())
}

/// Whether its first thread waits for something to happen.
pub(crate) fn waits(pid: u32) -> bool {
    // "PID (name) STATE …", and the name may hold anything.
    let stat = fs::read_to_string(format!("/proc/{pid}/task/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
}

/// The memory it has resident now, in KiB.
pub(crate) fn memory(pid: u32) -> Result<u64, String> {
    field(pid, "status", "VmRSS")
}

/// How many threads it has.
pub(crate) fn threads(pid: u32) -> Result<u64, String> {
    entries(&format!("/proc/{pid}/task"))
}

/// How many files, sockets and the like it has open.
pub(crate) fn descriptors(pid: u32) -> Result<u64, String> {
    entries(&format!("/proc/{pid}/fd"))
}

fn entries(folder: &str) -> Result<u64, String> {
    fs::read_dir(folder).map(|entries| entries.count() as u64).map_err(|error| format!("{folder}: {error}"))
}
