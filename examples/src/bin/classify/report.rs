//! The report at the end.

use crate::{
    analysis::Class,
    codes,
    outcome::{Outcome, Problem, Rollback},
    surroundings::Surroundings,
    terminal::{Terminal, Tone, count},
};

/// Shows everything and returns the exit status that follows from it.
pub(crate) fn show(
    terminal: &mut Terminal,
    outcome: &Outcome,
    around: &Surroundings,
    page: &Result<String, Problem>,
) -> u8 {
    let status = outcome.exit_status(around.is_well() && page.is_ok());
    let lines = [
        classified(outcome),
        isolated(terminal, outcome),
        stored(terminal, outcome),
        delivered(terminal, outcome, around),
        breaker(around),
        errors(around),
        journal(terminal, around),
        alerts(around),
        health(terminal, around),
        as_page(terminal, page),
    ];
    terminal.line("");
    for (title, text) in lines.into_iter().flatten() {
        let title = terminal.paint(Tone::Title, &format!("{title:<12}"));
        terminal.line(&format!("{title} {text}"));
    }
    terminal.line("");
    let (tone, verdict) = match status {
        codes::ALL_WELL if outcome.isolated.is_empty() => (Tone::Good, "All went well."),
        codes::ALL_WELL => (
            Tone::Good,
            "All went well: what was isolated is broken on purpose.",
        ),
        _ if outcome.classified.is_empty() && outcome.isolated.is_empty() => {
            (Tone::Bad, "There was nothing to classify.")
        }
        _ => (Tone::Bad, "Not all went well, see above."),
    };
    let verdict = terminal.paint(tone, verdict);
    terminal.line(&format!(
        "{verdict} ({:.1} s, exit status {status})",
        around.seconds
    ));
    status
}

type Lines = Vec<(&'static str, String)>;

fn classified(outcome: &Outcome) -> Lines {
    let of = |class: Class| {
        outcome
            .classified
            .iter()
            .filter(|(_, each, _)| *each == class)
            .count()
    };
    let classes: Vec<_> = Class::ALL
        .iter()
        .map(|&class| format!("{class} {}", of(class)))
        .collect();
    let mut lines = vec![(
        "Classified",
        format!("{}: {}", outcome.classified.len(), classes.join(", ")),
    )];
    if outcome.partly_read > 0 {
        lines.push((
            "",
            format!(
                "{} by the beginning alone",
                count(outcome.partly_read, "long recording")
            ),
        ));
    }
    if !outcome.skipped.is_empty() {
        let (shown, more) = first_of(&outcome.skipped, 5);
        lines.push((
            "Skipped",
            format!(
                "{} that are no recordings: {}{more}",
                outcome.skipped.len(),
                shown.join(", ")
            ),
        ));
    }
    lines
}

fn isolated(terminal: &Terminal, outcome: &Outcome) -> Lines {
    let expected = outcome
        .isolated
        .iter()
        .filter(|problem| outcome.expects(problem))
        .count();
    let note = if outcome.expected.is_empty() {
        String::new()
    } else {
        format!(", {expected} of them expected")
    };
    let mut lines = vec![("Isolated", format!("{}{note}", outcome.isolated.len()))];
    lines.extend(outcome.isolated.iter().map(|problem| {
        let tone = if outcome.expects(problem) {
            Tone::Warning
        } else {
            Tone::Bad
        };
        ("", described(terminal, tone, problem))
    }));
    lines.extend(
        outcome
            .no_list
            .iter()
            .map(|problem| ("", described(terminal, Tone::Bad, problem))),
    );
    lines.extend(outcome.missing().map(|(name, code)| {
        let text = format!("{name}: {code} was expected and did not come");
        ("", terminal.paint(Tone::Bad, &text))
    }));
    lines
}

fn stored(terminal: &Terminal, outcome: &Outcome) -> Lines {
    let mut lines = vec![(
        "Stored",
        format!("{} of {}", outcome.stored, outcome.classified.len()),
    )];
    let problems = outcome.no_store.iter().chain(&outcome.not_stored);
    lines.extend(problems.map(|problem| ("", described(terminal, Tone::Bad, problem))));
    if let Some(Rollback {
        problem,
        class,
        before,
        inside,
        after,
    }) = &outcome.rollback
    {
        lines.push((
            "Rolled back",
            format!(
                "the first result, stored a second time: {} {}",
                problem.number, problem.code
            ),
        ));
        lines.push(("", problem.message.clone()));
        let inside = inside.map_or_else(|| "?".to_owned(), |inside| inside.to_string());
        let counts = format!(
            "rows: {} before, {} after; total of {class}: {} before, {inside} inside the transaction, {} after",
            before.rows, after.rows, before.total, after.total
        );
        let tone = if before == after {
            Tone::Good
        } else {
            Tone::Bad
        };
        lines.push(("", terminal.paint(tone, &counts)));
    }
    lines
}

fn delivered(terminal: &Terminal, outcome: &Outcome, around: &Surroundings) -> Lines {
    let all = outcome.classified.len();
    let late = if outcome.waited > 0 {
        format!(", {} had to wait", outcome.waited)
    } else {
        String::new()
    };
    let mut lines = vec![(
        "Delivered",
        format!(
            "{} of {all} in {}{late}",
            outcome.delivered,
            count(around.requests, "request")
        ),
    )];
    lines.extend(
        outcome
            .undelivered
            .iter()
            .map(|problem| ("", described(terminal, Tone::Bad, problem))),
    );
    lines
}

fn breaker(around: &Surroundings) -> Lines {
    vec![("Breaker", around.breaker.clone())]
}

fn errors(around: &Surroundings) -> Lines {
    let mut lines = vec![(
        "Errors",
        format!("{} recorded", around.errors.values().sum::<u64>()),
    )];
    lines.extend(
        around
            .errors
            .iter()
            .map(|(code, count)| ("", format!("{count:>4}  {code}"))),
    );
    lines
}

fn journal(terminal: &Terminal, around: &Surroundings) -> Lines {
    let tone = if around.journal.complete {
        Tone::Plain
    } else {
        Tone::Bad
    };
    vec![("Journal", terminal.paint(tone, &around.journal.text))]
}

fn alerts(around: &Surroundings) -> Lines {
    let (new, old) = &around.arrived;
    let mut lines = vec![("Alerts", around.alerts.clone())];
    lines.extend(
        new.iter()
            .map(|title| ("", format!("arrived at the webhook: {}", in_words(title)))),
    );
    if !old.is_empty() {
        let text = format!(
            "{} of an earlier run arrived only now",
            count(old.len(), "alert")
        );
        lines.push(("", text));
    }
    lines
}

/// Names of events and states in words.
fn in_words(text: &str) -> String {
    let words = [
        ("consecutive_failures", "too many failures in a row"),
        ("circuit_breaker", "circuit breaker"),
        ("half_open", "half-open"),
    ];
    words.iter().fold(text.to_owned(), |text, (name, words)| {
        text.replace(name, words)
    })
}

fn health(terminal: &Terminal, around: &Surroundings) -> Lines {
    let (tone, word) = if around.healthy() {
        (Tone::Good, "healthy")
    } else {
        (Tone::Bad, "unhealthy")
    };
    let mut lines = vec![("Health", terminal.paint(tone, word))];
    lines.extend(around.health.iter().map(|check| {
        let tone = if check.passed { Tone::Good } else { Tone::Bad };
        (
            "",
            format!(
                "{}: {}",
                check.name,
                terminal.paint(tone, &in_words(&check.text))
            ),
        )
    }));
    lines
}

fn as_page(terminal: &Terminal, page: &Result<String, Problem>) -> Lines {
    let text = match page {
        Ok(address) => address.clone(),
        Err(problem) => described(terminal, Tone::Bad, problem),
    };
    vec![("As a page", text)]
}

fn described(terminal: &Terminal, tone: Tone, problem: &Problem) -> String {
    let code = terminal.paint(tone, &format!("{} {}", problem.number, problem.code));
    format!("{}: {code}: {}", problem.name, in_words(&problem.message))
}

fn first_of(names: &[String], most: usize) -> (&[String], String) {
    let more = names.len().saturating_sub(most);
    let text = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    (&names[..names.len() - more], text)
}
