//! The steps of a canary as people write them: `10% for 60s, 50% until promoted`.

use berth_domain::service::CanaryStep;

/// Writes steps so that [`read_steps`] reads the same steps.
pub fn steps_text(steps: &[CanaryStep]) -> String {
    let step = |step: &CanaryStep| match step.hold_s {
        None => format!("{}% until promoted", step.percent),
        Some(hold) => format!("{}% for {}", step.percent, time_text(hold)),
    };
    steps.iter().map(step).collect::<Vec<_>>().join(", ")
}

fn time_text(seconds: u32) -> String {
    match seconds {
        60 => "60s".to_owned(),
        hours if hours > 0 && hours % 3_600 == 0 => format!("{}h", hours / 3_600),
        minutes if minutes > 0 && minutes % 60 == 0 => format!("{}m", minutes / 60),
        seconds => format!("{seconds}s"),
    }
}

/// Reads steps, each on a line of its own or after a comma. `Err` quotes what is not one.
pub fn read_steps(text: &str) -> Result<Vec<CanaryStep>, String> {
    let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            read_step(part)
                .ok_or_else(|| format!("{part:?} is not a step: write 10% for 60s, or 50% until promoted."))
        })
        .collect()
}

fn read_step(text: &str) -> Option<CanaryStep> {
    let (percent, rest) = text.split_once('%')?;
    let percent = percent.trim().parse().ok()?;
    let hold_s = match rest.split_whitespace().collect::<Vec<_>>()[..] {
        ["until", "promoted"] => None,
        ["for", ref time @ ..] => Some(read_time(&time.concat())?),
        _ => return None,
    };
    Some(CanaryStep { percent, hold_s })
}

fn read_time(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let factor: u32 = match &text[end..] {
        "" | "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        _ => return None,
    };
    text[..end].parse::<u32>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(percent: u8, hold_s: Option<u32>) -> CanaryStep {
        CanaryStep { percent, hold_s }
    }

    #[test]
    fn steps_are_read_as_people_write_them() {
        let read = read_steps("10% for 60s, 25 % for 5 min\n50% for 1h,\n 80% until promoted").unwrap();
        assert_eq!(read, [step(10, Some(60)), step(25, Some(300)), step(50, Some(3_600)), step(80, None)]);
    }

    #[test]
    fn written_steps_are_read_back() {
        let steps = [1, 59, 60, 61, 90, 120, 3_600, 5_400].map(|hold| step(10, Some(hold))).to_vec();
        assert_eq!(read_steps(&steps_text(&steps)).unwrap(), steps);
        assert_eq!(steps_text(&[step(10, Some(60)), step(50, None)]), "10% for 60s, 50% until promoted");
    }

    #[test]
    fn what_is_not_a_step_is_quoted() {
        for wrong in
            ["10", "10%", "ten% for 60s", "10% for", "10% for a while", "10% until noon", "300% for 1s"]
        {
            let why = read_steps(wrong).unwrap_err();
            assert!(why.contains(wrong), "{why}");
        }
    }
}
