//! Git histories from text, by `git fast-import`: no work tree, no configuration, no hooks.

use std::fmt::Write as _;
use std::path::Path;

use crate::app::Failure;
use crate::model::cancel::Cancel;
use crate::model::clock::Timestamp;
use crate::tools::{Command, Tools};

/// A file of a commit: path and content.
pub(super) type File = (&'static str, &'static str);

/// What happens to one repository, in the order in which it happens.
pub(super) struct History {
    stream: String,
    when: Timestamp,
}

impl History {
    /// Begins one; everything in it happens at `when`.
    pub(super) fn at(when: Timestamp) -> Self {
        Self { stream: String::new(), when }
    }

    /// Commits files on a branch, on top of `parent` where there is one.
    #[must_use]
    pub(super) fn commit(mut self, branch: &str, parent: &str, said: &str, files: &[File]) -> Self {
        let who = format!("Demo <demo@example.com> {} +0000", self.when.unix());
        self.line(&format!("commit refs/heads/{branch}\ncommitter {who}"));
        self.data(said);
        if !parent.is_empty() {
            self.line(&format!("from {parent}^0"));
        }
        for (path, content) in files {
            self.line(&format!("M 100644 inline {path}"));
            self.data(content);
        }
        // Writes the branch out, so that what follows can name it.
        self.line("checkpoint\n");
        self
    }

    /// Names a commit.
    #[must_use]
    pub(super) fn name(mut self, name: &str, commit: &str) -> Self {
        self.line(&format!("reset {name}\nfrom {commit}^0\n"));
        self
    }

    /// Writes it into a repository, over what is there.
    pub(super) fn write(
        mut self,
        repository: &Path,
        tools: &Tools,
        cancel: &Cancel,
    ) -> Result<(), Failure> {
        self.line("done");
        let import = git(tools, repository)?.args(["fast-import", "--quiet", "--done", "--force"]);
        import.stdin(self.stream).run(cancel)?.success()?;
        Ok(())
    }

    fn line(&mut self, line: &str) {
        self.stream.push_str(line);
        self.stream.push('\n');
    }

    fn data(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.stream, "data {}\n{text}", text.len());
    }
}

/// Makes an empty bare repository.
pub(super) fn create(repository: &Path, tools: &Tools, cancel: &Cancel) -> Result<(), Failure> {
    crate::disk::folder::create(repository, 0o755)?;
    let args = ["init", "--quiet", "--bare", "--initial-branch=main", "--template=", "."];
    git(tools, repository)?.args(args).run(cancel)?.success()?;
    Ok(())
}

/// Deletes a branch.
pub(super) fn delete(
    repository: &Path,
    branch: &str,
    tools: &Tools,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let name = format!("refs/heads/{branch}");
    git(tools, repository)?.args(["update-ref", "-d", name.as_str()]).run(cancel)?.success()?;
    Ok(())
}

/// Returns the commit that a name stands for, as git prints it.
pub(super) fn tip(
    repository: &Path,
    name: &str,
    tools: &Tools,
    cancel: &Cancel,
) -> Result<String, Failure> {
    let args = ["rev-parse", "--verify", "--quiet", name];
    let output = git(tools, repository)?.args(args).run(cancel)?.success()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn git(tools: &Tools, repository: &Path) -> Result<Command, Failure> {
    let command = tools.command("git")?.cwd(repository);
    Ok(command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null"))
}
