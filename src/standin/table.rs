//! Who is connected and which children work for them, so that the number stays bounded and a stop
//! reaches all of them.

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// Every open connection of one server.
#[derive(Debug, Default)]
pub(super) struct Table {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    stopping: bool,
    next: u64,
    open: BTreeMap<u64, Open>,
}

#[derive(Debug)]
struct Open {
    tcp: TcpStream,
    /// The process group of the child at work.
    group: Option<Pid>,
}

impl Table {
    /// Notes a new connection once fewer than `most` are open; none when the server stops.
    pub(super) fn admit(
        self: &Arc<Self>,
        tcp: &TcpStream,
        most: usize,
    ) -> io::Result<Option<Seat>> {
        let tcp = tcp.try_clone()?;
        let mut inner = self.lock();
        while inner.open.len() >= most && !inner.stopping {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        if inner.stopping {
            return Ok(None);
        }
        let id = inner.next;
        inner.next += 1;
        inner.open.insert(id, Open { tcp, group: None });
        drop(inner);
        Ok(Some(Seat { table: Arc::clone(self), id }))
    }

    /// Waits a moment, or less when the server stops; says whether it stops.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let inner = self.lock();
        let waited = self.changed.wait_timeout_while(inner, time, |inner| !inner.stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    /// Lets nobody in any more, breaks every connection and ends every child.
    pub(super) fn stop(&self) {
        let mut inner = self.lock();
        inner.stopping = true;
        for open in inner.open.values() {
            // Either may be gone already.
            let _ = open.tcp.shutdown(Shutdown::Both);
            if let Some(group) = open.group {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        self.changed.notify_all();
    }

    /// Waits until nobody is connected.
    pub(super) fn wait_until_empty(&self) {
        let inner = self.lock();
        drop(self.changed.wait_while(inner, |inner| !inner.open.is_empty()));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's entry; it is gone when this is dropped.
pub(super) struct Seat {
    table: Arc<Table>,
    id: u64,
}

impl Seat {
    /// Takes a child in, so that a stop ends it too.
    pub(super) fn watch(&self, child: Child) -> Watched<'_> {
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let watched = Watched { seat: self, child, group };
        let mut inner = self.table.lock();
        if inner.stopping {
            watched.kill();
        } else if let Some(open) = inner.open.get_mut(&self.id) {
            open.group = group;
        }
        drop(inner);
        watched
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.table.lock().open.remove(&self.id);
        self.table.changed.notify_all();
    }
}

/// A child that does not outlive this value, nor do its own children.
pub(super) struct Watched<'a> {
    seat: &'a Seat,
    pub(super) child: Child,
    group: Option<Pid>,
}

impl Watched<'_> {
    fn kill(&self) {
        if let Some(group) = self.group {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // The number is forgotten before the wait that frees it for other processes.
        if let Some(open) = self.seat.table.lock().open.get_mut(&self.seat.id) {
            open.group = None;
        }
        self.kill();
        let _ = self.child.wait();
    }
}
