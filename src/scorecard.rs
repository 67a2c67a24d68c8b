//! A scorecard: what guardrails found, through four lenses, with arithmetic that anybody can do again.
//!
//! A guardrail holds or it does not: one workload that runs as root is enough for an attacker, so places are not averaged.
//! What denies anywhere loses all that the guardrail counts; what only warns loses what a warning counts.
//! Only guardrails that had something to look at count, and files that could not be read take their share away, since
//! nothing is known of them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::guardrail::{Finding, Lens, Level, Report, Rule};

/// What a guardrail that denies counts, next to one that warns.
pub const DENY_POINTS: u32 = 3;
/// What a guardrail that warns counts.
pub const WARN_POINTS: u32 = 1;
/// What is left of a guardrail that denies where it only warned: a warning costs the same everywhere.
pub const WARNED_POINTS: u32 = DENY_POINTS - WARN_POINTS;

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
    /// How many of these only warn since they break a convention of the golden path and goldpath did not make the
    /// repository.
    pub conventions: usize,
    /// Which part of it is such a convention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub convention: Option<String>,
}

/// Whether a guardrail holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is broken somewhere, and denies.
    Broken,
    /// It is broken somewhere, and no more than warns.
    Warned,
    /// It holds wherever it was asked.
    Holds,
    /// There was nothing that it could be asked about.
    NotAsked,
}

impl Verdict {
    /// Whether there is something to mend.
    pub fn is_broken(self) -> bool {
        matches!(self, Verdict::Broken | Verdict::Warned)
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
        let places: Vec<&Finding> = report.findings.iter().filter(|finding| finding.rule == rule.id).collect();
        let verdict = match places.iter().map(|finding| finding.level).min() {
            None if asked => Verdict::Holds,
            None => Verdict::NotAsked,
            Some(Level::Deny) => Verdict::Broken,
            Some(Level::Warn) => Verdict::Warned,
        };
        found
            .entry((rule.lens, at))
            .and_modify(|known| {
                known.verdict = known.verdict.min(verdict);
                known.level = known.level.min(rule.level);
                known.convention = known.convention.take().or_else(|| rule.convention.clone());
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
                places: places.len(),
                conventions: places.iter().filter(|place| place.convention && place.level == Level::Warn).count(),
                convention: rule.convention.clone(),
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
    let deny_warned = count(Level::Deny, Some(Verdict::Warned));
    let (warn_holds, warn_asked) = (count(Level::Warn, Some(Verdict::Holds)), count(Level::Warn, None));
    let points = deny_holds * DENY_POINTS + deny_warned * WARNED_POINTS + warn_holds * WARN_POINTS;
    let of = deny_asked * DENY_POINTS + warn_asked * WARN_POINTS;
    if of == 0 {
        let arithmetic = "no guardrail had anything to look at".to_owned();
        return LensScore { lens, score: None, points, of, arithmetic };
    }
    let files = files_read + files_unread;
    let share = |number: u64| number * files_read as u64 / files.max(1) as u64;
    let score = u32::try_from(share(u64::from(points) * 100) / u64::from(of)).unwrap_or(0);
    let mut arithmetic = format!("{deny_holds} of {deny_asked} that deny × {DENY_POINTS}");
    if deny_warned > 0 {
        arithmetic.push_str(&format!(" + {deny_warned} of these that only warned × {WARNED_POINTS}"));
    }
    arithmetic
        .push_str(&format!(" + {warn_holds} of {warn_asked} that warn × {WARN_POINTS} = {points} of {of} points"));
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
    use crate::guardrail::Evaluated;

    fn rule(id: &str, area: &str, lens: Lens, level: Level, concerns: &[&str]) -> Rule {
        Rule {
            id: id.to_owned(),
            area: area.to_owned(),
            title: format!("title of {id}"),
            description: "why".to_owned(),
            lens,
            level,
            convention: None,
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
            convention: false,
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
    fn a_warning_costs_one_point_whatever_its_guardrail_counts() {
        let convention = |rule: &str| Finding { convention: true, ..finding(rule, "kubernetes") };
        let warned = Finding { level: Level::Warn, ..finding("R2", "repo") };
        let report = report(vec![convention("S1"), convention("S1"), warned], 0);
        let own = score(&rules(), &report);
        assert_eq!((own.lenses[0].points, own.lenses[1].points), (0, 3));
        let card = score(&rules(), &report.elsewhere());
        let (weak, security) = (&card.guardrails[1], &card.lenses[1]);
        assert_eq!((weak.id.as_str(), weak.verdict, weak.places, weak.conventions), ("S1", Verdict::Warned, 2, 2));
        assert_eq!((security.points, security.of), (5, 6));
        let expected =
            "1 of 2 that deny × 3 + 1 of these that only warned × 2 + 0 of 0 that warn × 1 = 5 of 6 points = 83 of 100";
        assert_eq!(security.arithmetic, expected);
        assert_eq!(card.lenses[0].arithmetic, "0 of 0 that deny × 3 + 0 of 1 that warn × 1 = 0 of 1 points = 0 of 100");
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
