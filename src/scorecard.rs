//! A scorecard: what guardrails found, through four lenses, with arithmetic that anybody can do again.
//!
//! A guardrail holds or it does not: one workload that runs as root is enough for an attacker, so places are not averaged.
//! Only guardrails that had something to look at count, and files that could not be read take their share away, since
//! nothing is known of them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::guardrail::{Lens, Level, Report, Rule};

/// What a guardrail that denies counts, next to one that warns.
pub const DENY_POINTS: u32 = 3;
/// What a guardrail that warns counts.
pub const WARN_POINTS: u32 = 1;

/// The verdict on a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scorecard {
    /// The mean of the lenses' scores, rounded down; nothing where no guardrail had anything to look at.
    pub score: Option<u32>,
    /// One for each lens.
    pub lenses: Vec<LensScore>,
    /// Every guardrail, by lens and id.
    pub guardrails: Vec<Guardrail>,
    /// Files that were judged.
    pub files_read: usize,
    /// Files that could not be read, or not as they will be rendered.
    pub files_unread: usize,
}

/// What one lens shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LensScore {
    /// The lens.
    pub lens: Lens,
    /// 0 to 100, rounded down; nothing where no guardrail had anything to look at.
    pub score: Option<u32>,
    /// Points of the guardrails that hold.
    pub points: u32,
    /// Points of all that had something to look at.
    pub of: u32,
    /// How the score comes about, in words and numbers.
    pub arithmetic: String,
}

/// How a guardrail did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guardrail {
    /// Its id, such as `S5`.
    pub id: String,
    /// What it demands.
    pub title: String,
    /// Why.
    pub why: String,
    /// What to do where it is broken.
    pub fix: String,
    /// What it is about.
    pub lens: Lens,
    /// What breaking it means.
    pub level: Level,
    /// What it maps to in public catalogues of controls.
    pub controls: Vec<String>,
    /// Whether it holds.
    pub verdict: Verdict,
    /// In how many places it is broken.
    pub places: usize,
}

/// Whether a guardrail holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is broken somewhere.
    Broken,
    /// It holds wherever it was asked.
    Holds,
    /// There was nothing that it could be asked about.
    NotAsked,
}

impl Guardrail {
    /// What it counts.
    pub fn points(&self) -> u32 {
        if self.level == Level::Deny { DENY_POINTS } else { WARN_POINTS }
    }
}

/// Scores what a library of rules found.
pub fn score(rules: &[Rule], report: &Report) -> Scorecard {
    let guardrails = guardrails(rules, report);
    let unread: std::collections::BTreeSet<&str> =
        report.unread.iter().map(|problem| problem.place.as_ref().map_or(".", |place| place.file.as_str())).collect();
    let (files_read, files_unread) = (report.evaluated.files, unread.len());
    let lenses: Vec<LensScore> =
        Lens::ALL.into_iter().map(|lens| of_lens(lens, &guardrails, files_read, files_unread)).collect();
    let scores: Vec<u32> = lenses.iter().filter_map(|lens| lens.score).collect();
    let score = scores.iter().sum::<u32>().checked_div(u32::try_from(scores.len()).unwrap_or(u32::MAX));
    Scorecard { score, lenses, guardrails, files_read, files_unread }
}

/// One for each id: a guardrail that has rules in several areas holds only if all of them do.
fn guardrails(rules: &[Rule], report: &Report) -> Vec<Guardrail> {
    let mut found: BTreeMap<(Lens, usize), Guardrail> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for rule in rules {
        let at = order.iter().position(|id| *id == rule.id).unwrap_or_else(|| {
            order.push(&rule.id);
            order.len() - 1
        });
        let asked = rule.concerns.iter().any(|what| report.seen.contains_key(what));
        let places = report.findings.iter().filter(|finding| finding.rule == rule.id).count();
        let verdict = match (places, asked) {
            (0, false) => Verdict::NotAsked,
            (0, true) => Verdict::Holds,
            _ => Verdict::Broken,
        };
        found
            .entry((rule.lens, at))
            .and_modify(|known| {
                known.verdict = known.verdict.min(verdict);
                known.level = known.level.min(rule.level);
            })
            .or_insert_with(|| Guardrail {
                id: rule.id.clone(),
                title: rule.title.clone(),
                why: rule.description.clone(),
                fix: rule.fix.clone(),
                lens: rule.lens,
                level: rule.level,
                controls: rule.controls.clone(),
                verdict,
                places,
            });
    }
    found.into_values().collect()
}

fn of_lens(lens: Lens, guardrails: &[Guardrail], files_read: usize, files_unread: usize) -> LensScore {
    let count = |level: Level, verdict: Option<Verdict>| {
        let found = guardrails.iter().filter(|guardrail| guardrail.lens == lens && guardrail.level == level);
        let found = found.filter(|guardrail| match verdict {
            Some(verdict) => guardrail.verdict == verdict,
            None => guardrail.verdict != Verdict::NotAsked,
        });
        u32::try_from(found.count()).unwrap_or(u32::MAX)
    };
    let (deny_holds, deny_asked) = (count(Level::Deny, Some(Verdict::Holds)), count(Level::Deny, None));
    let (warn_holds, warn_asked) = (count(Level::Warn, Some(Verdict::Holds)), count(Level::Warn, None));
    let points = deny_holds * DENY_POINTS + warn_holds * WARN_POINTS;
    let of = deny_asked * DENY_POINTS + warn_asked * WARN_POINTS;
    if of == 0 {
        let arithmetic = "no guardrail had anything to look at".to_owned();
        return LensScore { lens, score: None, points, of, arithmetic };
    }
    let files = files_read + files_unread;
    let share = |number: u64| number * files_read as u64 / files.max(1) as u64;
    let score = u32::try_from(share(u64::from(points) * 100) / u64::from(of)).unwrap_or(0);
    let mut arithmetic = format!(
        "{deny_holds} of {deny_asked} that deny × {DENY_POINTS} + {warn_holds} of {warn_asked} that warn × {WARN_POINTS} = \
         {points} of {of} points"
    );
    if files_unread > 0 {
        arithmetic.push_str(&format!(", × {files_read} of {files} files read"));
    }
    arithmetic.push_str(&format!(" = {score} of 100"));
    LensScore { lens, score: Some(score), points, of, arithmetic }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Diagnostic, Place};
    use crate::guardrail::{Evaluated, Finding};

    fn rule(id: &str, area: &str, lens: Lens, level: Level, concerns: &[&str]) -> Rule {
        Rule {
            id: id.to_owned(),
            area: area.to_owned(),
            title: format!("title of {id}"),
            description: "why".to_owned(),
            lens,
            level,
            fix: "fix".to_owned(),
            controls: Vec::new(),
            concerns: concerns.iter().map(|&what| what.to_owned()).collect(),
            file: "x.rego".to_owned(),
        }
    }

    fn finding(rule: &str, area: &str) -> Finding {
        Finding {
            path: "a.yaml".to_owned(),
            line: Some(1),
            rule: rule.to_owned(),
            level: Level::Deny,
            message: "broken".to_owned(),
            area: area.to_owned(),
            lens: Lens::Security,
            fix: String::new(),
            rendered_by: None,
        }
    }

    fn rules() -> Vec<Rule> {
        vec![
            rule("S1", "kubernetes", Lens::Security, Level::Deny, &["kubernetes"]),
            rule("S6", "kubernetes", Lens::Security, Level::Deny, &["NetworkPolicy"]),
            rule("S6", "repo", Lens::Security, Level::Deny, &["kubernetes"]),
            rule("S15", "dockerfile", Lens::Security, Level::Deny, &["dockerfile"]),
            rule("R2", "repo", Lens::Reliability, Level::Warn, &["kubernetes"]),
        ]
    }

    fn report(findings: Vec<Finding>, unread: usize) -> Report {
        Report {
            findings,
            unread: (0..unread)
                .map(|index| Diagnostic::error("x").place(Place::file(format!("{index}.yaml"))))
                .collect(),
            evaluated: Evaluated { files: 8, documents: 8, rules: 5 },
            seen: BTreeMap::from([("kubernetes".to_owned(), 8), ("Deployment".to_owned(), 8)]),
            ..Report::default()
        }
    }

    #[test]
    fn a_guardrail_holds_only_where_all_its_rules_do_and_counts_only_where_it_was_asked() {
        let card = score(&rules(), &report(vec![finding("S6", "repo"), finding("S6", "repo")], 0));
        let verdicts: Vec<(&str, Verdict, usize)> = card
            .guardrails
            .iter()
            .map(|guardrail| (guardrail.id.as_str(), guardrail.verdict, guardrail.places))
            .collect();
        let expected = [
            ("R2", Verdict::Holds, 0),
            ("S1", Verdict::Holds, 0),
            ("S6", Verdict::Broken, 2),
            ("S15", Verdict::NotAsked, 0),
        ];
        assert_eq!(verdicts, expected);
        let security = &card.lenses[1];
        assert_eq!((security.points, security.of, security.score), (3, 6, Some(50)));
        assert_eq!(security.arithmetic, "1 of 2 that deny × 3 + 0 of 0 that warn × 1 = 3 of 6 points = 50 of 100");
        assert_eq!(card.score, Some(75));
    }

    #[test]
    fn what_could_not_be_read_takes_its_share() {
        let card = score(&rules(), &report(Vec::new(), 2));
        assert_eq!(card.lenses[1].score, Some(80));
        assert!(card.lenses[1].arithmetic.ends_with("= 6 of 6 points, × 8 of 10 files read = 80 of 100"));
    }

    #[test]
    fn nothing_to_look_at_is_no_score() {
        let card = score(&rules(), &Report::default());
        assert_eq!(card.score, None);
        assert!(card.lenses.iter().all(|lens| lens.score.is_none()));
    }
}
