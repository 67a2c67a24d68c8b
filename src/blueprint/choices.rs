//! Conditions over choices, for checks that have to hold whatever somebody answers.
//!
//! All answers together are far too many to try: ten questions of three choices are 59,049 combinations, twelve half a
//! million. But whether a slot is opened wherever it is filled hangs on the two or three questions that the components'
//! conditions read. So each condition is worked out once, for the choices that it reads, and each check goes through the
//! combinations of the choices that its own conditions read, without those that a question refuses.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use minijinja::value::Value;

use super::question::Check;
use super::{Blueprint, Expression, QuestionType};

/// Most combinations of choices that one check goes through.
pub const COMBINATIONS: usize = 100_000;

/// The choices of a blueprint's questions, and the conditions over them.
pub struct Choices<'b> {
    blueprint: &'b Blueprint,
    axes: Vec<Axis<'b>>,
    truths: RefCell<BTreeMap<&'b str, Rc<Truth>>>,
}

/// A question and its choices.
struct Axis<'b> {
    key: &'b str,
    values: Vec<Value>,
    /// What its validations say about each choice, where they can tell from choices alone.
    accepts: Vec<&'b str>,
}

/// A condition as the questions that it reads and what it comes to for each combination of their choices.
struct Truth {
    axes: Vec<usize>,
    holds: Vec<bool>,
}

/// One combination of the choices that matter to a check.
pub struct Combination<'c, 'b> {
    choices: &'c Choices<'b>,
    /// The choice of each axis, by its number; none for axes that do not matter.
    chosen: Vec<Option<usize>>,
}

/// A check reads more choices than can be gone through.
#[derive(Debug)]
pub struct TooMany(pub usize);

impl<'b> Choices<'b> {
    /// The choices of a blueprint.
    pub fn of(blueprint: &'b Blueprint) -> Self {
        let axes = blueprint.questions.iter().filter_map(|question| {
            let values = match question.kind {
                QuestionType::Bool => vec![Value::from(true), Value::from(false)],
                QuestionType::Choice => question.choices.iter().map(|c| Value::from(c.value.as_str())).collect(),
                _ => return None,
            };
            let checks = question.validate.iter().filter_map(|validation| match &validation.check {
                Check::Expression(check) => Some(check.text.as_str()),
                Check::Pattern(_) => None,
            });
            Some(Axis { key: &question.key, values, accepts: checks.collect() })
        });
        Choices { blueprint, axes: axes.collect(), truths: RefCell::default() }
    }

    /// Calls `look` for each combination of the choices that `conditions` read, as far as the questions accept it.
    ///
    /// # Errors
    /// Where those are more than [`COMBINATIONS`].
    pub fn each<'c>(
        &'c self,
        conditions: impl IntoIterator<Item = &'b Expression>,
        mut look: impl FnMut(&Combination<'c, 'b>),
    ) -> Result<(), TooMany> {
        let mut read: BTreeSet<usize> = BTreeSet::new();
        for condition in conditions {
            read.extend(&self.truth(&condition.text, None).axes);
        }
        // Whether a choice is accepted may hang on further choices.
        let mut open: Vec<usize> = read.iter().copied().collect();
        while let Some(axis) = open.pop() {
            for check in &self.axes[axis].accepts {
                let more: Vec<usize> = self.truth(check, Some(axis)).axes.clone();
                open.extend(more.into_iter().filter(|axis| read.insert(*axis)));
            }
        }
        let read: Vec<usize> = read.into_iter().collect();
        let all = read.iter().map(|axis| self.axes[*axis].values.len()).product();
        if all > COMBINATIONS {
            return Err(TooMany(all));
        }
        let mut combination = Combination { choices: self, chosen: vec![None; self.axes.len()] };
        for number in 0..all {
            let mut rest = number;
            for axis in &read {
                let count = self.axes[*axis].values.len();
                combination.chosen[*axis] = Some(rest % count);
                rest /= count;
            }
            let accepted =
                |axis: &usize| self.axes[*axis].accepts.iter().all(|check| combination.truth(check, Some(*axis)));
            if read.iter().all(accepted) {
                look(&combination);
            }
        }
        Ok(())
    }

    /// Works a condition out, once. `value` names the axis that `value` stands for, in a question's own validation.
    fn truth(&self, text: &'b str, value: Option<usize>) -> Rc<Truth> {
        if let Some(known) = self.truths.borrow().get(text) {
            return known.clone();
        }
        let names = self.blueprint.engine.names_in_expression(text).unwrap_or_default();
        let roots: BTreeSet<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
        let axes: Vec<usize> = (0..self.axes.len())
            .filter(|axis| roots.contains(self.axes[*axis].key) || Some(*axis) == value && roots.contains("value"))
            .collect();
        let all: usize = axes.iter().map(|axis| self.axes[*axis].values.len()).product();
        let holds = (0..all).map(|number| {
            let mut rest = number;
            let mut scope: BTreeMap<&str, Value> = BTreeMap::new();
            for axis in &axes {
                let values = &self.axes[*axis].values;
                scope.insert(self.axes[*axis].key, values[rest % values.len()].clone());
                if Some(*axis) == value {
                    scope.insert("value", values[rest % values.len()].clone());
                }
                rest /= values.len();
            }
            // What can't be told from choices alone is taken to hold.
            self.blueprint.engine.holds(text, &crate::template::map(scope)).unwrap_or(true)
        });
        let truth = Rc::new(Truth { holds: holds.collect(), axes });
        self.truths.borrow_mut().insert(text, truth.clone());
        truth
    }
}

impl<'b> Combination<'_, 'b> {
    /// Whether a condition holds; one that isn't there does.
    pub fn holds(&self, condition: Option<&'b Expression>) -> bool {
        condition.is_none_or(|condition| self.truth(&condition.text, None))
    }

    fn truth(&self, text: &'b str, value: Option<usize>) -> bool {
        let truth = self.choices.truth(text, value);
        let (mut number, mut step) = (0, 1);
        for axis in &truth.axes {
            let Some(chosen) = self.chosen[*axis] else { return true };
            number += chosen * step;
            step *= self.choices.axes[*axis].values.len();
        }
        truth.holds[number]
    }

    /// The choices that matter, as a person would set them: `lang=go ci=gitlab-ci`.
    pub fn describe(&self) -> String {
        let chosen = self.choices.axes.iter().zip(&self.chosen);
        let told = chosen.filter_map(|(axis, chosen)| Some(format!("{}={}", axis.key, axis.values[(*chosen)?])));
        told.collect::<Vec<_>>().join(" ")
    }
}
