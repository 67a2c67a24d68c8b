//! A world of its own for each test: home, configuration and working folder, and the binary in it.

#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct World {
    root: tempfile::TempDir,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub struct Outcome {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl World {
    /// With a git identity.
    pub fn new() -> Self {
        let world = World::without_identity();
        world.write("home/.gitconfig", "[user]\n  name = Ada\n  email = ada@example.com\n");
        world
    }

    /// In memory where that can be had: for tests whose hundreds of runs would wait for nothing but the disk.
    pub fn in_memory() -> Self {
        let memory = PathBuf::from("/dev/shm");
        let world = World::at(&if memory.is_dir() { memory } else { std::env::temp_dir() });
        world.write("home/.gitconfig", "[user]\n  name = Ada\n  email = ada@example.com\n");
        world
    }

    pub fn without_identity() -> Self {
        World::at(&std::env::temp_dir())
    }

    fn at(place: &Path) -> Self {
        let root = tempfile::Builder::new().prefix("goldpath-test-").tempdir_in(place).unwrap();
        std::fs::create_dir_all(root.path().join("work")).unwrap();
        std::fs::create_dir_all(root.path().join("home")).unwrap();
        World { root }
    }

    /// The folder that commands run in.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes a file, under the world's root.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file of the working folder.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.work().join(path)).unwrap()
    }

    /// The names in the working folder, hidden ones too.
    pub fn left(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(self.work()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn environment(&self, command: &mut Command) {
        command
            .current_dir(self.work())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.root.path().join("home"))
            .env("XDG_CONFIG_HOME", self.root.path().join("home/.config"))
            .env("GIT_CONFIG_NOSYSTEM", "1");
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goldpath"));
        self.environment(&mut command);
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "", &[])
    }

    pub fn run_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Outcome {
        let mut child = self
            .command(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let root = self.root.path().to_str().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).unwrap().replace(root, "<world>").replace(env!("CARGO_MANIFEST_DIR"), "<source>")
        };
        Outcome { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    pub fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        self.environment(&mut command);
        let output = command.current_dir(self.work().join(folder)).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Outcome {
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.map_or("a signal".to_owned(), |code| code.to_string());
        write!(f, "exit {code}\n---- stdout\n{}---- stderr\n{}", self.stdout, self.stderr)
    }
}

/// The blueprint that uses every feature.
pub fn greeter() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blueprints/greeter").to_str().unwrap().to_owned()
}
