//! A machine of a test's own: network, processes and mounts apart from everything else, with a dockerd that may be
//! stopped, starved and cut from its power without anybody noticing.
//!
//! The test starts itself again inside new namespaces. When it ends, in whatever way, the kernel ends everything in them.

use crate::{
    berth::shipped_image,
    docker::Docker,
    names,
    process::{command, run, spawn, tail},
    wait::eventually_within,
};
use anyhow::{Context, Result, bail, ensure};
use futures::TryStreamExt as _;
use nix::{
    sys::{
        signal::{Signal, kill},
        wait::waitpid,
    },
    unistd::{Pid, geteuid},
};
use std::{
    env,
    fs::{self, File},
    future::Future,
    io::Write as _,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

/// Set inside: the machine's folder.
const INSIDE: &str = "BERTH_TEST_MACHINE";
/// Every cgroup hierarchy of the real machine is below this.
const CGROUPS: &str = "/sys/fs/cgroup";
/// How long dockerd may take for its start or its end.
const DOCKERD: Duration = Duration::from_secs(60);

/// How its dockerd is set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup {
    /// Containers go on while dockerd is away.
    pub live_restore: bool,
    /// Docker's folder is a disk of its own, of so many MiB.
    pub disk_mib: Option<u32>,
}

/// The machine, from inside.
pub struct Machine {
    folder: PathBuf,
    setup: Setup,
    dockerd: Option<Child>,
}

impl Machine {
    /// Its address that is not the loopback: what comes to it takes the way of a client from elsewhere.
    pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 1);

    /// Runs a test on a machine of its own. Needs root, as dockerd does.
    pub fn run<T, F>(setup: Setup, test: T) -> Result<()>
    where
        T: FnOnce(Self) -> F,
        F: Future<Output = Result<()>>,
    {
        match env::var_os(INSIDE) {
            Some(folder) => inside(Self { folder: folder.into(), setup, dockerd: None }, test),
            None => outside(name_of::<T>()),
        }
    }

    /// Where things of this machine are kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where Docker keeps everything.
    pub fn docker_folder(&self) -> PathBuf {
        self.folder.join("docker")
    }

    /// Starts dockerd and waits until it answers.
    pub async fn start_docker(&mut self) -> Result<()> {
        ensure!(self.dockerd.is_none(), "dockerd runs already");
        let settings = self.folder.join("daemon.json");
        fs::write(&settings, format!("{{\"live-restore\": {}}}", self.setup.live_restore))?;
        let at = |name: &str| self.folder.join(name);
        let mut dockerd = command("dockerd");
        dockerd.arg("--config-file").arg(settings);
        dockerd.arg("--data-root").arg(self.docker_folder());
        dockerd.arg("--exec-root").arg(at("exec"));
        dockerd.arg("--pidfile").arg(at("docker.pid"));
        dockerd.args(["--cgroup-parent", &format!("/{}", cgroup(&self.folder))]);
        // A systemd of the real machine knows nothing of the processes in here.
        dockerd.args(["--exec-opt", "native.cgroupdriver=cgroupfs", "--host", &socket(&self.folder)]);
        self.dockerd = Some(spawn(dockerd, &at("dockerd.log"))?);
        eventually_within(DOCKERD, "dockerd answers", || async {
            Docker::connect().await?.api.ping().await.context("ping")
        })
        .await
        .with_context(|| tail(&at("dockerd.log"), 30))?;
        Ok(())
    }

    /// Asks dockerd to end, as a service manager does, and waits until it has.
    pub async fn stop_docker(&mut self) -> Result<()> {
        let mut dockerd = self.dockerd.take().context("dockerd runs")?;
        let child = std::cell::RefCell::new(&mut dockerd);
        kill(Pid::from_raw(child.borrow().id() as i32), Signal::SIGTERM)?;
        eventually_within(DOCKERD, "dockerd ends", || async {
            child.borrow_mut().try_wait()?.map(|_| ()).context("it still runs")
        })
        .await
    }

    /// Everything but this test ends at once, and what a reboot forgets is gone. A [`crate::berth::Berth`] is killed before.
    pub fn cut_power(&mut self) -> Result<()> {
        ensure!(std::process::id() == 1, "only the first process of the machine cuts its power");
        self.dockerd = None;
        // There may be nobody left.
        let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
        while waitpid(Pid::from_raw(-1), None).is_ok() {}
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let below = self.folder.to_string_lossy().into_owned();
        let points = mounts.lines().rev().filter_map(|line| line.split(' ').nth(4));
        for point in
            points.filter(|point| point.starts_with(&below) && Path::new(point) != self.docker_folder())
        {
            run(with("umount", &["--lazy", point]))?;
        }
        for link in run(with("ip", &["-brief", "link"]))?.lines() {
            let name = link.split([' ', '@']).next().unwrap_or_default();
            if name != "lo" && !name.is_empty() {
                // The two ends of a pair go together.
                let _ = crate::process::output(with("ip", &["link", "delete", name]));
            }
        }
        let _ = fs::remove_file(self.folder.join("docker.pid"));
        fs::remove_dir_all(self.folder.join("exec")).context("what a reboot forgets")
    }

    /// Drops everything that is sent to a port of this machine, until [`Machine::let_through`].
    pub fn swallow(&self, port: u16) -> Result<()> {
        run(rule("--insert", port)).map(|_| ())
    }

    /// Takes [`Machine::swallow`] back.
    pub fn let_through(&self, port: u16) -> Result<()> {
        run(rule("--delete", port)).map(|_| ())
    }

    /// Fills Docker's disk to the last block, until the file that it gives back is removed.
    pub fn fill_disk(&self) -> Result<PathBuf> {
        ensure!(self.setup.disk_mib.is_some(), "this machine has no disk of its own to fill");
        let path = self.docker_folder().join("filler");
        let mut file = File::create(&path)?;
        let mut block = vec![1; 1 << 20];
        while !block.is_empty() {
            if file.write_all(&block).and_then(|()| file.sync_data()).is_err() {
                block.truncate(block.len() / 2);
            }
        }
        Ok(path)
    }

    fn prepare(&self) -> Result<()> {
        run(with("ip", &["link", "set", "lo", "up"]))?;
        run(with("ip", &["address", "add", &format!("{}/32", Self::ADDRESS), "dev", "lo"]))?;
        // Or dockerd would use the real machine's containerd.
        if Path::new("/run/containerd").exists() {
            run(with("mount", &["-t", "tmpfs", "tmpfs", "/run/containerd"]))?;
        }
        fs::create_dir_all(self.docker_folder())?;
        let Some(mib) = self.setup.disk_mib else { return Ok(()) };
        let disk = self.folder.join("disk");
        File::create(&disk)?.set_len(u64::from(mib) << 20)?;
        let (disk, at) = (disk.to_string_lossy(), self.docker_folder());
        run(with("mkfs.ext4", &["-q", "-m", "0", &disk]))?;
        run(with("mount", &["-o", "loop", &disk, &at.to_string_lossy()])).context("a loop device")?;
        Ok(())
    }

    async fn load_images(&self) -> Result<()> {
        let images = tokio::fs::read(self.folder.join("images.tar")).await?;
        let docker = Docker::connect().await?;
        let options = bollard::query_parameters::ImportImageOptions::default();
        let body = bollard::body_full(images.into());
        docker.api.import_image(options, body, None).try_collect::<Vec<_>>().await?;
        fs::remove_file(self.folder.join("images.tar"))?;
        Ok(())
    }
}

fn inside<T, F>(mut machine: Machine, test: T) -> Result<()>
where
    T: FnOnce(Machine) -> F,
    F: Future<Output = Result<()>>,
{
    machine.prepare()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        machine.start_docker().await?;
        machine.load_images().await?;
        test(machine).await
    })
}

/// Starts this very test again in namespaces of its own.
fn outside(name: &str) -> Result<()> {
    remove_left_overs()?;
    let prefix = format!("berth-machine-{}-", std::process::id());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(save_images(&folder.path().join("images.tar")))?;
    let mut again = if geteuid().is_root() {
        command("unshare")
    } else {
        with("sudo", &["--non-interactive", "--preserve-env", "unshare"])
    };
    again.args(["--net", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child=KILL", "--"]);
    again.arg(env::current_exe()?).args(["--exact", name, "--nocapture"]);
    again.env(INSIDE, folder.path()).env("DOCKER_HOST", socket(folder.path()));
    let status = again.status().context("start the machine")?;
    remove_cgroups(&cgroup(folder.path()));
    ensure!(status.success(), "on the machine of its own the test ended with {status}");
    Ok(())
}

async fn save_images(to: &Path) -> Result<()> {
    let docker = Docker::connect().await?;
    let proxy = env::var("BERTH_PROXY_IMAGE").unwrap_or_else(|_| "traefik:v3.7".to_owned());
    let shipped = shipped_image();
    let mut file = File::create(to)?;
    let images = [proxy.as_str(), shipped.as_str()];
    let mut stream = std::pin::pin!(docker.api.export_images(&images));
    while let Some(bytes) = stream.try_next().await.context("save the images")? {
        file.write_all(&bytes)?;
    }
    Ok(())
}

/// The test's name as the runner takes it, from the path of its closure: `suite::module::name::{{closure}}`.
fn name_of<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.split("::{{closure}}").next().unwrap_or(path);
    path.split_once("::").map_or(path, |(_, name)| name)
}

fn with(program: &str, arguments: &[&str]) -> Command {
    let mut command = command(program);
    command.args(arguments);
    command
}

fn rule(verb: &str, port: u16) -> Command {
    with("iptables", &["--wait", verb, "INPUT", "-p", "tcp", "--dport", &port.to_string(), "-j", "DROP"])
}

fn socket(folder: &Path) -> String {
    format!("unix://{}/docker.sock", folder.display())
}

fn cgroup(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What the containers had of the real machine's cgroups; the kernel keeps empty ones for ever.
fn remove_cgroups(name: &str) {
    let hierarchies = fs::read_dir(CGROUPS).into_iter().flatten().flatten().map(|entry| entry.path());
    for top in hierarchies.chain([PathBuf::from(CGROUPS)]).map(|hierarchy| hierarchy.join(name)) {
        let below = fs::read_dir(&top).into_iter().flatten().flatten().map(|entry| entry.path());
        for group in below.filter(|path| path.is_dir()).chain([top.clone()]) {
            let _ = fs::remove_dir(group);
        }
    }
}

/// Folders of tests that were killed.
fn remove_left_overs() -> Result<()> {
    for entry in fs::read_dir(env::temp_dir())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix("berth-machine-") else { continue };
        let Some((pid, _)) = rest.split_once('-') else { bail!("{name} has no process id") };
        if pid.parse().is_ok_and(names::is_gone) {
            fs::remove_dir_all(entry.path())?;
            remove_cgroups(&name);
        }
    }
    Ok(())
}
