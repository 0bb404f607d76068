//! A wire between the binary and an API server, which can be long or cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// Passes connections on. It ends with the test's process.
pub struct Proxy {
    port: u16,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Starts one to `to`; every answer comes `delay` later, however many are under way.
    pub fn start(to: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Mutex::new(Vec::new()));
        let (is_cut, all) = (Arc::clone(&cut), Arc::clone(&open));
        std::thread::spawn(move || {
            for from in listener.incoming().flatten() {
                // Closed at once, as by a host on which nothing listens.
                if is_cut.load(Ordering::Relaxed) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(to) else { continue };
                let mut all = all.lock().unwrap();
                all.extend([from.try_clone().unwrap(), server.try_clone().unwrap()]);
                drop(all);
                let (back, forth) = (server.try_clone().unwrap(), from.try_clone().unwrap());
                std::thread::spawn(move || pass(from, server, Duration::ZERO));
                std::thread::spawn(move || pass(back, forth, delay));
            }
        });
        Self { port, cut, open }
    }

    /// Starts one in front of the server of a kubeconfig; returns it and a kubeconfig that leads
    /// through it.
    pub fn before(kubeconfig: &Path, delay: Duration, folder: &Path) -> (Self, PathBuf) {
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
        let server = &mut config["clusters"][0]["cluster"]["server"];
        let address = server.as_str().unwrap().trim_start_matches("https://").parse().unwrap();
        let proxy = Self::start(address, delay);
        *server = format!("https://127.0.0.1:{}", proxy.port).into();
        let path = folder.join(format!("through-{}.json", proxy.port));
        std::fs::write(&path, config.to_string()).unwrap();
        (proxy, path)
    }

    /// Returns where it listens, on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection and lets no new one through.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}

/// Passes bytes on, each as long after it came.
fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (late, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    let writer = std::thread::spawn(move || {
        for (at, bytes) in due {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if late.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
            break;
        }
    }
    drop(late);
    let _ = writer.join();
}
