//! A real Chromium behind chromedriver.

use crate::{
    process::{command, free_ports, spawn},
    wait::{eventually, eventually_within},
};
use anyhow::{Context, Result, ensure};
use std::{
    env,
    path::PathBuf,
    process::Child,
    time::{Duration, Instant},
};
use thirtyfour::{LoggingPrefsLogLevel, prelude::*};

/// A browser with a fresh profile.
pub struct Browser {
    pub driver: WebDriver,
    base: String,
    server: Child,
    profile: tempfile::TempDir,
}

/// How a browser differs from an ordinary one.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub javascript: bool,
    pub width: u32,
    pub height: u32,
}

impl Default for Look {
    fn default() -> Self {
        Self { javascript: true, width: 1440, height: 900 }
    }
}

const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
];

impl Browser {
    /// Opens a browser for the panel at `base`.
    pub async fn open(base: &str) -> Result<Self> {
        Self::with(base, Look::default()).await
    }

    /// Opens a browser that looks like this.
    pub async fn with(base: &str, look: Look) -> Result<Self> {
        let [port] = free_ports()?;
        let profile = tempfile::Builder::new().prefix("berth-browser-").tempdir()?;
        let mut start = command(program("BERTH_CHROMEDRIVER", "chromedriver"));
        start.arg(format!("--port={port}")).env("HOME", profile.path());
        let mut server = spawn(start, &profile.path().join("chromedriver.log"))?;
        let driver = match connect(port, &profile, look).await {
            Ok(driver) => driver,
            Err(error) => {
                let _ = server.kill();
                return Err(error);
            }
        };
        driver.set_window_rect(0, 0, look.width, look.height).await?;
        Ok(Self { driver, base: base.to_owned(), server, profile })
    }

    /// Goes to a page of the panel and waits until the panel is alive on it.
    pub async fn goto(&self, path: &str) -> Result<()> {
        self.driver.goto(format!("{}{path}", self.base)).await?;
        self.is_alive().await
    }

    /// Waits until the panel's program runs in the page.
    pub async fn is_alive(&self) -> Result<()> {
        eventually("the panel is hydrated", || async {
            let alive = self.script("return document.documentElement.dataset.hydrated === 'true'").await?;
            ensure!(alive == true, "it is not yet");
            Ok(())
        })
        .await
    }

    /// The result of a script in the page.
    pub async fn script(&self, script: &str) -> Result<serde_json::Value> {
        Ok(self.driver.execute(script, Vec::new()).await?.json().clone())
    }

    /// The path of the page that is open.
    pub async fn path(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.path().to_owned())
    }

    /// Waits until the page's path is this one.
    pub async fn is_at(&self, path: &str) -> Result<()> {
        eventually(&format!("the page is {path}"), || async {
            let now = self.path().await?;
            ensure!(now == path, "it is {now}");
            Ok(())
        })
        .await
    }

    /// The text that a person sees.
    pub async fn text(&self) -> Result<String> {
        Ok(self.driver.find(By::Tag("body")).await?.text().await?)
    }

    /// Waits until the page shows this text.
    pub async fn shows(&self, text: &str) -> Result<()> {
        self.shows_within(Duration::from_secs(20), text).await
    }

    /// The same with more patience.
    pub async fn shows_within(&self, patience: Duration, text: &str) -> Result<()> {
        eventually_within(patience, &format!("the page shows {text:?}"), || async {
            let now = self.text().await?;
            ensure!(now.to_lowercase().contains(&text.to_lowercase()), "it shows:\n{now}");
            Ok(())
        })
        .await
    }

    /// Fills the field with this label, or name, replacing what is in it.
    pub async fn fill(&self, field: &str, value: &str) -> Result<()> {
        eventually(&format!("the field {field:?} can be filled"), || async {
            let input = self.field(field).await?;
            input.clear().await?;
            input.send_keys(value).await?;
            Ok(())
        })
        .await
    }

    /// The visible input of this name, or the one that a label with this text leads to.
    pub async fn field(&self, field: &str) -> Result<WebElement> {
        let by_name = format!("input[name='{field}'],textarea[name='{field}'],select[name='{field}']");
        for input in self.driver.find_all(By::Css(by_name)).await? {
            if input.is_displayed().await? {
                return Ok(input);
            }
        }
        let label = format!("//label[contains(normalize-space(.), '{field}')]");
        let label = self.driver.find(By::XPath(label)).await?;
        let id = label.attr("for").await?.context("the label says which field it is for")?;
        Ok(self.driver.find(By::Id(id)).await?)
    }

    /// Presses the button or link with this text.
    pub async fn press(&self, text: &str) -> Result<()> {
        let is = format!("[normalize-space(.)=\"{text}\" or @aria-label=\"{text}\"]");
        let found = format!("//button{is} | //a{is} | //summary{is}");
        eventually(&format!("there is a {text:?} to press"), || async {
            for element in self.driver.find_all(By::XPath(found.clone())).await? {
                if element.is_displayed().await? && element.is_enabled().await? {
                    element.scroll_into_view().await?;
                    element.click().await?;
                    return Ok(());
                }
            }
            anyhow::bail!("the page shows:\n{}", self.text().await?)
        })
        .await
    }

    /// Chooses the option whose label begins with this text.
    pub async fn choose(&self, text: &str) -> Result<()> {
        let label = format!("//label[starts-with(normalize-space(.), '{text}')]");
        eventually(&format!("{text:?} can be chosen"), || async {
            let label = self.driver.find(By::XPath(label.clone())).await?;
            label.scroll_into_view().await?;
            label.click().await?;
            Ok(())
        })
        .await
    }

    /// Sends keys to whatever has the focus.
    pub async fn keys(&self, keys: impl Into<TypingData>) -> Result<()> {
        self.driver.action_chain().send_keys(keys).perform().await?;
        Ok(())
    }

    /// Gives the page's viewport exactly this size.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics =
            serde_json::json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let devtools = self.driver.cdp();
        devtools.send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        Ok(())
    }

    /// Waits until nothing on the page moves and its fonts are there.
    pub async fn is_calm(&self) -> Result<()> {
        eventually("the page is calm", || async {
            let moving = "return document.fonts.status !== 'loaded' || document.getAnimations()\
                .some(a => a.playState === 'running' && a.effect.getTiming().iterations !== Infinity)";
            ensure!(self.script(moving).await? == false, "something moves");
            Ok(())
        })
        .await
    }

    /// What the page complained about since the last time.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.driver.get_log("browser").await?;
        // Pages of the services that a person opens may complain as they like.
        let ours = |message: &str| message.contains(&self.base);
        let severe = entries.into_iter().filter(|entry| entry.level == "SEVERE" && ours(&entry.message));
        Ok(severe.map(|entry| entry.message).collect())
    }

    /// Closes the browser.
    pub async fn close(mut self) -> Result<()> {
        self.driver.clone().quit().await?;
        let _ = self.server.kill();
        let _ = self.server.wait();
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A session that was not closed in time goes with its processes; asking for it here would block the runtime.
        let _ = self.driver.clone().leak();
        let _ = self.server.kill();
        let _ = self.server.wait();
        end_those_with(&self.profile.path().to_string_lossy());
    }
}

/// Ends the processes whose arguments name this browser's profile.
fn end_those_with(profile: &str) {
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let pid = entry.file_name().to_string_lossy().parse::<i32>();
        if let (true, Ok(pid)) = (String::from_utf8_lossy(&arguments).contains(profile), pid) {
            let _ =
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
        }
    }
}

fn program(variable: &str, name: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| name.into(), PathBuf::from)
}

async fn connect(port: u16, profile: &tempfile::TempDir, look: Look) -> Result<WebDriver> {
    let mut wanted = DesiredCapabilities::chrome();
    wanted.set_binary(&program("BERTH_CHROMIUM", "/usr/bin/chromium").to_string_lossy())?;
    for flag in FLAGS {
        wanted.add_arg(flag)?;
    }
    wanted.add_arg(&format!("--user-data-dir={}", profile.path().join("profile").display()))?;
    wanted.add_arg(&format!("--window-size={},{}", look.width, look.height))?;
    wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    if !look.javascript {
        let off = serde_json::json!({ "profile.managed_default_content_settings.javascript": 2 });
        wanted.add_experimental_option("prefs", off)?;
    }
    let started = Instant::now();
    loop {
        match WebDriver::new(format!("http://127.0.0.1:{port}"), wanted.clone()).await {
            Ok(driver) => return Ok(driver),
            Err(error) if started.elapsed() > Duration::from_secs(20) => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
