//! What was published and decided when, and what readers may have had of it. A tick is taken before anything is asked
//! for, and another when it was answered: what lies wholly between two answers is certain, and only that is judged.

use std::collections::HashMap;

use crate::world::{CHANNELS, Token};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) channel: usize,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
}

/// An operator gave or took a channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) channel: usize,
    pub(crate) gives: bool,
    pub(crate) begun: u64,
    pub(crate) answered: u64,
}

/// A time in which somebody was shut out: from the answer to the revocation until lifting it was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shut {
    pub(crate) from: u64,
    pub(crate) until: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Decided {
    pub(crate) changes: HashMap<usize, Vec<Change>>,
    pub(crate) users: HashMap<usize, Vec<Shut>>,
    pub(crate) tokens: HashMap<String, Shut>,
}

/// The token that a stream was under, from when that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Worn {
    pub(crate) token: Token,
    pub(crate) begun: u64,
    pub(crate) answered: u64,
}

/// One stream, from its opening to its end.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) user: usize,
    pub(crate) resumed: bool,
    pub(crate) worn: Vec<Worn>,
    pub(crate) had: Vec<usize>,
    /// What it was told of gaps on `always`, before the event at this place of `had`.
    pub(crate) gaps: Vec<usize>,
    pub(crate) wrong: Vec<String>,
    /// The last event of `always` that the life had that this one goes on from.
    pub(crate) last_always: Option<usize>,
    pub(crate) withheld: usize,
}

#[derive(Debug, Default)]
#[allow(dead_code, reason = "printed")]
pub(crate) struct Figures {
    pub(crate) deliveries: usize,
    pub(crate) replayed: usize,
    pub(crate) streams: usize,
    pub(crate) resumed: usize,
    pub(crate) refreshed: usize,
    pub(crate) taken: usize,
    pub(crate) revoked: usize,
    /// Gaps told of what was published while it was not the reader's.
    pub(crate) withheld: usize,
    pub(crate) wrong: Vec<String>,
}

pub(crate) fn check(events: &[Published], decided: &Decided, lives: Vec<Life>) -> Figures {
    let taken = decided.changes.values().flatten().filter(|change| !change.gives).count();
    let revoked = decided.tokens.len() + decided.users.values().map(Vec::len).sum::<usize>();
    let mut figures = Figures { streams: lives.len(), taken, revoked, ..Figures::default() };
    let changes = by_channel(decided);
    let always: Vec<usize> = (0..events.len()).filter(|n| events[*n].channel == 0).collect();
    for life in lives {
        figures.resumed += usize::from(life.resumed);
        figures.refreshed += life.worn.len() - 1;
        figures.deliveries += life.had.len();
        figures.withheld += life.withheld;
        figures.wrong.extend(life.wrong.iter().cloned());
        for &number in &life.had {
            let event = events[number];
            figures.replayed += usize::from(event.begun <= life.worn[0].answered);
            if let Some(why) = wrong_with(&event, &life, decided, &changes) {
                figures.wrong.push(format!(
                    "{} reached {}: {why}: {event:?}",
                    CHANNELS[event.channel],
                    life.name()
                ));
            }
        }
        figures.wrong.extend(life.misses(events, &always));
    }
    figures
}

/// What was said of each user's channels, each by itself, in order: a user has one operator.
type ByChannel = HashMap<(usize, usize), Vec<Change>>;

fn by_channel(decided: &Decided) -> ByChannel {
    let mut changes = ByChannel::new();
    for (user, all) in &decided.changes {
        for change in all {
            changes.entry((*user, change.channel)).or_default().push(*change);
        }
    }
    changes
}

fn wrong_with(
    event: &Published,
    life: &Life,
    decided: &Decided,
    changes: &ByChannel,
) -> Option<&'static str> {
    let changes = changes.get(&(life.user, event.channel)).map_or(&[][..], Vec::as_slice);
    if was_taken(changes, event) {
        return Some("an operator had taken the channel when it was published");
    }
    let is_live = event.begun > life.worn[0].answered;
    let worn = life.worn.iter().enumerate().filter(|(at, worn)| {
        let next = life.worn.get(at + 1).map_or(u64::MAX, |next| next.answered);
        !is_live || (worn.begun <= event.ended && next >= event.begun)
    });
    let worn: Vec<&Worn> = worn.map(|(_, worn)| worn).collect();
    if !worn.iter().any(|worn| worn.token.kind.grants(event.channel)) && !may_be_given(changes, event) {
        return Some("neither a token nor an operator gave it");
    }
    let shut = |shut: &Shut| shut.from < event.begun && event.ended < shut.until;
    let revoked = |worn: &&&Worn| decided.tokens.get(&worn.token.text()).is_some_and(shut);
    if is_live && worn.iter().filter(revoked).count() == worn.len() {
        return Some("the token had been revoked when it was published");
    }
    if is_live
        && decided.users.get(&life.user).is_some_and(|all| {
            // One after the other: only the last that had begun can stand for all of it.
            let begun = all.partition_point(|shut| shut.from < event.begun);
            begun.checked_sub(1).is_some_and(|last| shut(&all[last]))
        })
    {
        return Some("the user had been revoked when it was published");
    }
    None
}

/// Whether the last that was said of a channel, from before an event until after it, is that it is taken.
fn was_taken(changes: &[Change], event: &Published) -> bool {
    let before = changes.partition_point(|change| change.answered < event.begun).checked_sub(1);
    before.is_some_and(|at| {
        !changes[at].gives && changes.get(at + 1).is_none_or(|next| next.begun > event.ended)
    })
}

fn may_be_given(changes: &[Change], event: &Published) -> bool {
    // From the one that held when the event was asked for to the last that was asked for before it was answered.
    let first = changes.partition_point(|change| change.answered < event.begun).saturating_sub(1);
    let behind = changes.partition_point(|change| change.begun <= event.ended);
    changes.get(first..behind).into_iter().flatten().any(|change| change.gives)
}

impl Life {
    fn name(&self) -> String {
        format!("a stream of user {} under {:?}", self.user, self.worn)
    }

    /// `always` is everybody's at all times: none of it is missing or doubled, over all resumes.
    fn misses(&self, events: &[Published], always: &[usize]) -> Option<String> {
        let mut last = self.last_always.and_then(|number| always.binary_search(&number).ok());
        for (at, &number) in self.had.iter().enumerate() {
            if events[number].channel != 0 {
                continue;
            }
            let place = always.binary_search(&number).expect("it is one of them");
            let gap = self.gaps.contains(&at);
            if let Some(last) = last
                && place != last + 1
                && !(gap && place > last)
            {
                return Some(format!("{}: `always` goes from its {last}. to its {place}.", self.name()));
            }
            last = Some(place);
        }
        None
    }
}
