//! Disks that are full, may not be written, or know no links: a clear error, the documented exit
//! code, and nothing lost.

use crate::support::component;
use crate::support::git;
use crate::support::kit::{Kit, extracted};
use crate::support::sandbox::{Ran, finish};

/// A kit with one snapshot, and a source that grew since.
fn kit() -> Kit {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 30, 3);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();
    let noise: String = (0..60_000_u64)
        .map(|n| format!("{:016x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ n))
        .collect();
    let work = git::worktree(&kit.sandbox.path("srv/work"));
    let commit = git::commit(&work, &[("noise", &noise)], "noise");
    git::git(
        &work,
        &["push", "--quiet", apps.to_str().unwrap(), &format!("{commit}:refs/heads/big")],
    );
    kit
}

/// Runs a script in the kit, in mounts of its own; `$B` is the binary.
fn with_mounts(kit: &Kit, script: &str) -> Ran {
    let mut command = kit.sandbox.program(component::find("unshare"));
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-ec", script]).current_dir(kit.path(""));
    finish(command.env("B", env!("CARGO_BIN_EXE_blackstart")))
}

/// The newest snapshot gives the source back, after all.
fn nothing_is_lost(kit: &Kit) {
    kit.run(&["verify", "--full"]).ok();
    kit.snapshot();
    kit.open(&["verify", "--full"]).ok();
    let out = kit.extract("out", &[]);
    let source = kit.sandbox.path("srv/apps.git");
    assert_eq!(git::picture(&extracted(&out, "apps")), git::picture(&source));
}

/// Room for 100 KiB is left, then for everything.
#[test]
fn a_full_store() {
    let kit = kit();
    let ran = with_mounts(
        &kit,
        "cp -a bundles ../kept; mount -t tmpfs -o size=2m tmpfs bundles; cp -a ../kept/. bundles
         head -c 2m /dev/zero >bundles/filler 2>/dev/null || true
         truncate -s -100k bundles/filler
         code=0; $B snapshot || code=$?; echo snapshot $code
         $B verify --full >/dev/null; rm bundles/filler; $B snapshot >/dev/null
         $B verify --full >/dev/null; $B list",
    )
    .ok()
    .says("No space left on device");
    assert!(ran.stdout.starts_with("snapshot 1\n"), "{ran}");
    assert_eq!(ran.stdout.lines().filter(|line| line.contains("complete")).count(), 2, "{ran}");
}

#[test]
fn a_full_disk_for_mirrors() {
    let kit = kit();
    let ran = with_mounts(
        &kit,
        "state=$XDG_STATE_HOME; cp -a $state ../kept
         mount -t tmpfs -o size=500k tmpfs $state; cp -a ../kept/. $state
         code=0; $B snapshot || code=$?; echo snapshot $code; $B verify --full >/dev/null",
    )
    .ok()
    .says("No space left on device");
    let code: i32 = ran.stdout.lines().next().unwrap()["snapshot ".len()..].parse().unwrap();
    assert!([1, 3].contains(&code), "{ran}");
    nothing_is_lost(&kit);
}

#[test]
fn a_store_that_may_not_be_written() {
    let kit = kit();
    let opener = kit.identity.to_str().unwrap();
    let script = format!(
        "mount --bind bundles bundles; mount -o remount,bind,ro bundles
         code=0; $B snapshot || code=$?; echo snapshot $code
         $B list >/dev/null; $B verify --full >/dev/null
         $B extract --to ../read --identity {opener} >/dev/null"
    );
    let ran = with_mounts(&kit, &script).ok().says("Read-only file system");
    assert_eq!(ran.stdout, "snapshot 1\n", "{ran}");
    nothing_is_lost(&kit);
}

#[test]
fn a_person_without_permission() {
    let kit = kit();
    let program = kit.sandbox.path("blackstart");
    std::fs::copy(env!("CARGO_BIN_EXE_blackstart"), &program).unwrap();
    let chmod = ["-R", "a+rX", "."];
    finish(kit.sandbox.program("chmod").args(chmod).current_dir(kit.sandbox.path(""))).ok();
    let as_other = |args: &[&str]| {
        let mut command = kit.sandbox.program(component::find("setpriv"));
        if rustix::process::geteuid().is_root() {
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        }
        finish(command.arg(&program).args(args).current_dir(kit.path("")))
    };
    assert!(rustix::process::geteuid().is_root(), "this test changes the user: run it as root");
    as_other(&["snapshot"]).exits(1).says("Permission denied");
    as_other(&["list"]).ok();
    as_other(&["export", "1", "--to", "bundles/x.tar"]).exits(1).says("Permission denied");
    finish(kit.sandbox.program("chmod").args(["0600"]).arg(&kit.identity)).ok();
    let to = kit.sandbox.path("tmp/other");
    let opener = kit.identity.to_str().unwrap();
    let ran = as_other(&["extract", "--to", to.to_str().unwrap(), "--identity", opener]);
    assert!([1, 12].contains(&ran.status), "{ran}");
    assert!(ran.stderr.contains("Permission denied"), "{ran}");
    nothing_is_lost(&kit);
}

/// FAT and some network file systems know neither links nor a rename that does not replace. The
/// kernel says so for them here.
#[test]
fn a_file_system_without_links() {
    let kit = kit();
    let traced = |args: &[&str]| {
        let mut command = kit.sandbox.program(component::find("strace"));
        command.args(["-f", "-qq", "-o", "/dev/null", "--trace=link,linkat,renameat2"]);
        command.args([
            "-e",
            "inject=link,linkat:error=EPERM",
            "-e",
            "inject=renameat2:error=EINVAL",
        ]);
        command.arg(env!("CARGO_BIN_EXE_blackstart")).args(args).current_dir(kit.path(""));
        finish(&mut command)
    };
    let ran = traced(&["snapshot"]).ok();
    assert!(ran.stdout.contains("complete") || ran.stderr.contains("sealed"), "{ran}");
    traced(&["export", "1", "--to", "../one.tar"]).ok();
    let root = kit.trust_root();
    traced(&["import", "../one.tar", "--store", "../other", "--trust-root", &root]).ok();
    traced(&["trust", "show"]).ok();
    traced(&["keys", "new"]).ok();
    assert_eq!(kit.run(&["list", "--json"]).ok().json()["snapshots"].as_array().unwrap().len(), 2);
    nothing_is_lost(&kit);
}

/// Mounts with `mount` what knows no links at `$M`, proves that it knows none, and runs a script in
/// the kit.
fn without_links(kit: &Kit, mount: &str, script: &str) -> Ran {
    let at = kit.sandbox.path("mount");
    std::fs::create_dir(&at).unwrap();
    let whole = format!(
        "{mount} >/dev/null 2>&1; trap 'umount -l \"$M\"' EXIT
         touch \"$M\"/a; if ln \"$M\"/a \"$M\"/b 2>/dev/null; then echo links; exit 9; fi; rm \"$M\"/a
         {script}"
    );
    let mut command = kit.sandbox.program("sh");
    command.args(["-ec", &whole]).current_dir(kit.path("")).env("M", &at);
    finish(command.env("B", env!("CARGO_BIN_EXE_blackstart")))
}

/// Lets the kit's store be a folder of what is mounted.
fn store_on_the_mount(kit: &Kit) {
    let text = std::fs::read_to_string(kit.path("blackstart.toml")).unwrap();
    let stores = format!("store = [{}]", serde_json::json!(kit.sandbox.path("mount/store")));
    let elsewhere = text.replace("# store = [\"bundles\"]", &stores);
    assert_ne!(elsewhere, text);
    std::fs::write(kit.path("blackstart.toml"), elsewhere).unwrap();
}

/// A network file system that has neither hard links nor a rename that does not replace.
#[test]
fn a_store_on_a_real_file_system_without_links() {
    use std::os::unix::fs::PermissionsExt as _;
    let kit = kit();
    let far = kit.sandbox.path("far");
    std::fs::create_dir(&far).unwrap();
    let server = kit.sandbox.write("sftp", "#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n");
    std::fs::set_permissions(&server, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mount = format!(
        "{} -o ssh_command={},disable_hardlink far:{} \"$M\"",
        component::find("sshfs").display(),
        server.display(),
        far.display()
    );
    let (opener, root) = (kit.identity.to_str().unwrap(), kit.trust_root());
    store_on_the_mount(&kit);
    let script = format!(
        "$B export 1 --store bundles --to \"$M\"/store/ >/dev/null
         $B export 1 --to \"$M\"/one.tar >/dev/null
         $B snapshot >/dev/null; rm \"$XDG_STATE_HOME\"/blackstart/*/writer.json
         $B snapshot >/dev/null & $B snapshot >/dev/null; wait $!
         $B verify --full --identity {opener} >/dev/null
         $B extract --to \"$M\"/out --identity {opener} >/dev/null
         $B import \"$M\"/one.tar --store \"$M\"/other --trust-root {root} >/dev/null
         $B prune --keep-last 1 --apply >/dev/null
         cp -a \"$M\"/out ../from-there; $B list --json"
    );
    let ran = without_links(&kit, &mount, &script).ok();
    assert_eq!(ran.json()["snapshots"].as_array().unwrap().len(), 4, "{ran}");
    let source = kit.sandbox.path("srv/apps.git");
    let out = extracted(&kit.sandbox.path("from-there"), "apps");
    assert_eq!(git::picture(&out), git::picture(&source));
}

/// Makes a file system in an image; returns what mounts it.
fn stick(kit: &Kit, format: &str, args: &[&str], mount: &str) -> String {
    let image = kit.sandbox.path("stick.img");
    std::fs::File::create(&image).unwrap().set_len(256 << 20).unwrap();
    finish(kit.sandbox.program(component::find(format)).args(args).arg(&image)).ok();
    mount.to_owned()
}

/// FAT without long folders, by a driver in user space.
fn fat(kit: &Kit) -> String {
    let mount = format!("{} -o rw+ ../stick.img \"$M\"", component::find("fusefat").display());
    stick(kit, "mkfs.vfat", &["-F", "16", "-s", "64"], &mount)
}

/// The FAT of today's sticks. The system's loop device stands for the stick.
fn exfat(kit: &Kit) -> String {
    let mount =
        "L=$(losetup --find --show ../stick.img); mount.exfat-fuse $L \"$M\"; losetup -d $L";
    stick(kit, "mkfs.exfat", &[], mount)
}

/// The store itself on a stick: two snapshots at once, others cut off wherever they rename, then
/// pruning and opening. What was complete stays, and the next run goes on.
#[test]
fn a_store_on_a_real_exfat() {
    let kit = kit();
    let (mount, opener) = (exfat(&kit), kit.identity.to_str().unwrap());
    store_on_the_mount(&kit);
    let strace = component::find("strace");
    let script = format!(
        "$B export 1 --store bundles --to \"$M\"/store/ >/dev/null
         $B snapshot >/dev/null & $B snapshot >/dev/null; wait $!
         for when in 1 2 3 4 5 6 7 8 9; do
             rm -f \"$XDG_STATE_HOME\"/blackstart/*/writer.json
             code=0; {} -f -qq -o /dev/null -e trace=rename,renameat2 \\
                 -e inject=rename,renameat2:signal=KILL:when=$when \\
                 $B snapshot >/dev/null 2>&1 || code=$?
             echo \"cut off: $code\" >&2
             $B verify --full >/dev/null
         done
         $B snapshot >/dev/null; $B verify --full --identity {opener} >/dev/null
         $B prune --keep-last 1 --apply >/dev/null
         $B extract --to ../from-stick --identity {opener} >/dev/null; $B list --json",
        strace.display()
    );
    let ran = without_links(&kit, &mount, &script).ok();
    let held = ran.json()["snapshots"].as_array().unwrap().len();
    assert!(ran.stderr.matches("cut off: 137").count() > 5, "{ran}");
    assert!((4..=4 + 9).contains(&held), "{ran}");
    let source = git::picture(&kit.sandbox.path("srv/apps.git"));
    assert_eq!(git::picture(&extracted(&kit.sandbox.path("from-stick"), "apps")), source);
}

/// This driver renames no folder as it should (it loses what is in it). No snapshot is said to be
/// there that is not, and what was there before is untouched.
#[test]
fn a_store_on_a_file_system_that_cannot_rename_folders() {
    let kit = kit();
    let mount = fat(&kit);
    let text = std::fs::read_to_string(kit.path("blackstart.toml")).unwrap();
    store_on_the_mount(&kit);
    let script = "for round in 1 2; do
             code=0; $B snapshot || code=$?; echo snapshot $code
             code=0; $B list || code=$?; echo list $code
         done
         code=0; $B export 1 --store bundles --to \"$M\"/store/ || code=$?; echo export $code
         ls \"$M\"/store/snapshots";
    let ran = without_links(&kit, &mount, script).ok().says("cannot rename to");
    let said: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with("stream")).collect();
    assert_eq!(said, ["snapshot 1", "list 0", "snapshot 1", "list 0", "export 1"], "{ran}");
    std::fs::write(kit.path("blackstart.toml"), text).unwrap();
    nothing_is_lost(&kit);
}

/// A stick as they are sold: a bundle file goes there and back.
#[test]
fn a_bundle_file_on_a_real_fat() {
    let kit = kit();
    let mount = fat(&kit);
    let (opener, root) = (kit.identity.to_str().unwrap(), kit.trust_root());
    let script = format!(
        "$B export 1 --to \"$M\"/one.tar >/dev/null
         $B verify --full --store \"$M\"/one.tar --trust-root {root} --identity {opener} >/dev/null
         $B extract --to ../from-stick --store \"$M\"/one.tar --identity {opener} >/dev/null
         $B import \"$M\"/one.tar --store ../other --trust-root {root} >/dev/null
         $B verify --full --store ../other --trust-root {root} >/dev/null; ls \"$M\""
    );
    let ran = without_links(&kit, &mount, &script).ok();
    assert_eq!(ran.stdout, "one.tar\n", "nothing else is left on the stick: {ran}");
    assert!(extracted(&kit.sandbox.path("from-stick"), "apps").exists());
    nothing_is_lost(&kit);
}
