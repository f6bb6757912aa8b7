//! The definition of an experiment.

use serde::{Deserialize, Serialize};

use crate::data::Example;
use crate::memories::Memories;
use hoplens_injection::{Encoding, Scope, SpanScope};
use hoplens_interp::memory::Grid;
use hoplens_runtime::BosPolicy;

/// Everything that the numbers of a run depend on; shards of equal experiments can be merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The program's version: other versions may round differently.
    pub hoplens: String,
    /// Hex digest of the model's weights.
    pub model: String,
    /// Hex digest of the data set.
    pub data: String,
    /// Its number of rows.
    pub rows: usize,
    /// Whether BOS precedes prompts.
    pub bos: BosPolicy,
    /// Encodings.
    pub encodings: Vec<Encoding>,
    /// Scopes.
    pub scopes: Vec<ScopeKind>,
    /// Layers, from 0.
    pub layers: Vec<usize>,
    /// Magnitudes.
    pub taus: Vec<f64>,
    /// What is injected.
    pub memories: Memories,
}

/// The first line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalHeader {
    /// Version of the journal format.
    pub hoplens_eval: u32,
    /// What is measured.
    pub experiment: Experiment,
    /// The rows of this journal; all if absent.
    pub shard: Option<RowShard>,
    /// The model, for reports.
    pub model: hoplens_runtime::ModelInfo,
}

/// Every `of`-th row: those with row % of = index − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowShard {
    /// From 1.
    pub index: usize,
    /// How many shards there are.
    pub of: usize,
}

impl RowShard {
    /// Whether a row belongs to the shard.
    pub fn contains(self, row: usize) -> bool {
        row % self.of == self.index - 1
    }
}

impl std::str::FromStr for RowShard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a shard: write 1/4 for the first of four");
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        let (index, of) = (number(index)?, number(of)?);
        if index == 0 || index > of {
            return Err(format!(
                "there is no shard {index} of {of}: shards count from 1"
            ));
        }
        Ok(Self { index, of })
    }
}

impl std::fmt::Display for RowShard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// The kind of positions that a cell injects at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeKind {
    /// Every position.
    All,
    /// The prompt's last token.
    Last,
    /// The row's obscure entity.
    Span,
}

impl ScopeKind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Last => "last",
            Self::Span => "span",
        }
    }

    /// The scope in a row's prompt.
    pub fn of(self, example: &Example) -> Scope {
        match self {
            Self::All => Scope::All,
            Self::Last => Scope::Last,
            Self::Span => Scope::Span(SpanScope {
                text: example.obscure_entity.clone(),
                nth: 1,
            }),
        }
    }
}

/// One cell of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GridCell {
    /// Encoding.
    pub encoding: Encoding,
    /// Scope.
    pub scope: ScopeKind,
    /// Layer, from 0.
    pub layer: usize,
    /// Magnitude.
    pub tau: f64,
}

impl JournalHeader {
    /// Returns what is invalid in the header, if anything: no run writes such a header, and its
    /// numbers must not be used for allocations.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let one = &self.experiment;
        let lists = [
            one.encodings.len(),
            one.scopes.len(),
            one.layers.len(),
            one.taus.len(),
            one.memories_per_row(),
        ];
        let product = |all: usize, list: &usize| all.checked_mul(*list);
        let cells = lists.iter().try_fold(1, product);
        if self
            .shard
            .is_some_and(|one| !(1..=one.of).contains(&one.index))
        {
            Some("there is no such shard")
        } else if one.rows == 0 || cells.is_none_or(|cells| cells == 0) {
            Some("there is no such grid")
        } else {
            None
        }
    }
}

impl Experiment {
    /// Returns the cells in the order of a row's record: encoding, scope, layer, τ.
    pub fn grid_cells(&self) -> Vec<GridCell> {
        let mut grid_cells = Vec::with_capacity(self.cells());
        for &encoding in &self.encodings {
            for &scope in &self.scopes {
                for &layer in &self.layers {
                    grid_cells.extend(self.taus.iter().map(|&tau| GridCell {
                        encoding,
                        scope,
                        layer,
                        tau,
                    }));
                }
            }
        }
        grid_cells
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.encodings.len() * self.scopes.len() * self.layers.len() * self.taus.len()
    }

    /// Whether a cell is in the grid.
    pub fn has(&self, grid_cell: &GridCell) -> bool {
        self.encodings.contains(&grid_cell.encoding)
            && self.scopes.contains(&grid_cell.scope)
            && self.layers.contains(&grid_cell.layer)
            && self.taus.contains(&grid_cell.tau)
    }

    /// Number of memories of each row.
    pub fn memories_per_row(&self) -> usize {
        match &self.memories {
            Memories::ExplicitEntity => 1,
            Memories::Words { per_prompt, .. } => *per_prompt,
        }
    }

    /// Returns the grid of a row.
    pub fn grid(&self, example: &Example) -> Grid {
        Grid {
            encodings: self.encodings.clone(),
            layers: self.layers.clone(),
            taus: self.taus.clone(),
            scopes: self.scopes.iter().map(|scope| scope.of(example)).collect(),
            head: None,
        }
    }

    /// Describes how another experiment differs from this one, key by key; empty if it is equal.
    /// The file name of a word list is ignored; its words count.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let keys = |experiment| match serde_json::to_value(experiment) {
            Ok(serde_json::Value::Object(mut keys)) => {
                if let Some(serde_json::Value::Object(memories)) = keys.get_mut("memories") {
                    memories.remove("list");
                }
                keys
            }
            _ => serde_json::Map::new(),
        };
        let (own, other) = (keys(self), keys(other));
        own.iter()
            .filter(|(key, value)| other.get(*key) != Some(value))
            .map(|(key, value)| {
                let theirs = other.get(key).map(ToString::to_string).unwrap_or_default();
                format!("{key} is {theirs} there and {value} here")
            })
            .collect()
    }
}
